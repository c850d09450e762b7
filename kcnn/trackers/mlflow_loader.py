"""Load a SavedModel of kcnn for MLflow. A copy lies in every MLflow Model; it needs no kcnn."""

import numpy as np
import tensorflow as tf


class SavedModel:
    """A SavedModel that predicts class probabilities.

    Args:
        folder: Its folder.
    """

    def __init__(self, folder: str) -> None:
        self._model = tf.saved_model.load(folder)  # its signatures alone do not keep its weights
        self._predict = self._model.signatures["serving_default"]

    def predict(self, images: np.ndarray, params: object = None) -> np.ndarray:
        """Return probabilities, float32, (count, classes).

        Args:
            images: Raw values from 0 to 255, uint8, (count, height, width, channels).
            params: Not used; MLflow passes it.
        """
        outputs = self._predict(images=tf.constant(np.asarray(images, np.uint8)))
        return np.asarray(outputs["probabilities"])


def _load_pyfunc(path: str) -> SavedModel:
    """Return the model; MLflow calls this function by its name."""
    return SavedModel(path)
