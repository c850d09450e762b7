"""Measure the accuracy on a few chosen images after each epoch, as textbooks plot it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from kcnn.data.batches import read_batches
from kcnn.data.dataset import Images
from kcnn.data.labels import THRESHOLD, decide
from kcnn.training.scoring.predict import batch_size, forward_pass


class WatchedAccuracy(keras.callbacks.Callback):
    """Add the accuracy on some images to the metrics of each epoch.

    Nothing depends on this accuracy: it never stops the training or chooses weights.

    Args:
        images: The images, by the name of their metric.
        threshold: The output above which each of several labels is predicted.
    """

    def __init__(self, images: Mapping[str, Images], threshold: float = THRESHOLD) -> None:
        super().__init__()
        self._threshold = threshold
        self.columns = list(images)
        self._images = images
        self._predict: Callable[[np.ndarray], tf.Tensor]

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Compile one forward pass for all epochs."""
        if self._images:
            self._predict = forward_pass(self.model)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Measure; later callbacks find the accuracy among the metrics."""
        if logs is not None:
            logs |= {name: self._accuracy(images) for name, images in self._images.items()}

    def _accuracy(self, images: Images) -> float:
        batches = read_batches(images, batch_size(self.model))
        outputs = np.concatenate([self._predict(batch).numpy() for batch in batches])
        predicted = decide(outputs, images.labels, self._threshold)
        return float(np.mean(predicted == images.labels))
