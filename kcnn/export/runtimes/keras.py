"""Run a model of Keras (.keras), with Keras and TensorFlow only.

kcnn copies this file beside the model, as runtime.py, so that it needs nothing of kcnn.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf


def version() -> str:
    """Return the runtime's name and version, such as `Keras 3.15.1`."""
    return f"Keras {keras.__version__}"


def load(path: str) -> Callable[[np.ndarray], np.ndarray]:
    """Load a model.

    Args:
        path: The .keras file.

    Returns:
        A function from raw images, uint8 of shape (count, height, width, channels), to their
        probabilities, float32 of shape (count, classes). It takes any number of images at a time.

    Raises:
        ValueError: The file is missing, or is no model of Keras. Calling the function raises it for
            images of another shape.
    """
    model = keras.models.load_model(path)

    # As a graph of TensorFlow's, because `model.predict` takes milliseconds to begin.
    @tf.function(input_signature=[tf.TensorSpec(model.input_shape, tf.uint8)])
    def run(images: tf.Tensor) -> tf.Tensor:
        return model(tf.cast(images, tf.float32), training=False)

    def predict(images: np.ndarray) -> np.ndarray:
        probabilities: np.ndarray = run(images).numpy()
        return probabilities

    return predict
