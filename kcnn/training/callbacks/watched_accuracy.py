"""Accuracy on a few chosen images after each epoch, as textbooks plot it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from kcnn.data.dataset import Images
from kcnn.training.scoring.scoring import batch_size, forward_pass, in_batches


class WatchedAccuracy(keras.callbacks.Callback):
    """Adds the accuracy on some images to each epoch's metrics; nothing is decided by it.

    Args:
        images: What is watched, by the name its accuracy gets.
    """

    def __init__(self, images: Mapping[str, Images]) -> None:
        super().__init__()
        self.columns = list(images)
        self._images = images
        self._answer: Callable[[np.ndarray], tf.Tensor]

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Prepares one forward pass for all epochs."""
        self._answer = forward_pass(self.model)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Measures; callbacks that come later find it among the metrics."""
        if logs is not None:
            logs |= {name: self._accuracy(images) for name, images in self._images.items()}

    def _accuracy(self, images: Images) -> float:
        batches = in_batches(images.images, batch_size(self.model))
        answers = [self._answer(batch) for batch in batches]
        predicted = np.concatenate([np.argmax(answer, axis=1) for answer in answers])
        return float(np.mean(predicted == images.labels))
