"""The order of an epoch that shows each class equally often."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from kcnn.data.labels import strata


@dataclass(frozen=True)
class Classes:
    """The images of each class that has some.

    Args:
        labels: int64, (images,): the class of each image, numbered without gaps.
        sizes: int64, (classes,): how many images each class has.
    """

    labels: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray) -> Classes:
        """Group images by their labels; those with several labels by the rarest of them."""
        _, numbered, sizes = np.unique(strata(labels), return_inverse=True, return_counts=True)
        return cls(numbered.astype(np.int64), sizes.astype(np.int64))

    def balanced_order(self, seed: tf.Tensor) -> tf.Tensor:
        """Draw as many images as there are, each class equally often, in random order.

        The images of a class are shuffled and taken in turn, again from the first when all were
        taken, so how often they come differs by one at most. Where the number of images is no
        multiple of the number of classes, chance decides which classes come once more.

        Args:
            seed: A seed of stateless random numbers.

        Returns:
            Indices of images, int32 of shape (images,).
        """
        count, classes = len(self.labels), len(self.sizes)
        image_seed, class_seed, place_seed = tf.unstack(tf.random.split(seed, 3))
        shuffled = _shuffled(count, image_seed)
        # The shuffled images of the first class, then those of the second, and so on.
        by_class = tf.gather(
            shuffled, tf.argsort(tf.gather(tf.constant(self.labels), shuffled), stable=True)
        )
        first = tf.constant(np.cumsum(self.sizes) - self.sizes)
        draw = tf.range(count, dtype=tf.int64)
        label = tf.gather(tf.cast(_shuffled(classes, class_seed), tf.int64), draw % classes)
        turn = draw // classes % tf.gather(tf.constant(self.sizes), label)
        drawn = tf.gather(by_class, tf.gather(first, label) + turn)
        return tf.gather(drawn, _shuffled(count, place_seed))


def _shuffled(count: int, seed: tf.Tensor) -> tf.Tensor:
    return tf.random.experimental.stateless_shuffle(tf.range(count), seed)
