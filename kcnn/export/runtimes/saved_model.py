"""Run a SavedModel with numpy and TensorFlow only, without Keras.

kcnn copies this file beside the model, as runtime.py, so that it needs nothing of kcnn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf


def load(path: str, signature: str = "serving_uint8") -> Callable[[np.ndarray], np.ndarray]:
    """Load a SavedModel.

    Args:
        path: Its folder, `1`.
        signature: `serving_uint8` or `serving_default`.

    Returns:
        A function from images, uint8 (count, height, width, channels), to probabilities, float32
        (count, classes). The images may have any size.
    """
    # The signatures do not keep the weights alive; the loaded object does.
    loaded = tf.saved_model.load(path)
    dtype = loaded.signatures[signature].structured_input_signature[1]["images"].dtype

    def predict(images: np.ndarray) -> np.ndarray:
        outputs = loaded.signatures[signature](images=tf.constant(images, dtype))
        probabilities: np.ndarray = outputs["probabilities"].numpy()
        return probabilities

    return predict


def version() -> str:
    """Return the runtime's name and version, such as `TensorFlow 2.21.0`."""
    return f"TensorFlow {tf.__version__}"
