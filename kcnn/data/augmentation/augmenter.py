"""What every augmentation is: random numbers for each image, and a change that they decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import tensorflow as tf

HIGHEST_PIXEL = 255.0

Draw = Callable[[int, tf.Tensor], tf.Tensor]
EpochRows = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Change = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Mix = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


@dataclass(frozen=True)
class Augmenter:
    """One augmentation as a pair of pure functions.

    Drawing for all images of an epoch before any batch is made keeps an image's numbers the same
    whatever the batch size and whichever batch the image falls into.

    Args:
        draw: From the number of images and a seed of two integers, float32 of shape (count, k):
            a row of random numbers for each image.
        apply: From images (batch, height, width, channels) with values in 0..255, targets
            (batch, ...) and the rows drawn for them, the changed images and targets.
        of_epoch: From the rows, drawn once for all epochs, and the epoch, counted from 0, its rows;
            they are the images' own, even where an image is drawn twice. None where each epoch
            draws anew.
    """

    draw: Draw
    apply: Mix
    of_epoch: EpochRows | None = None


def image_augmenter(numbers: int, change: Change) -> Augmenter:
    """Makes an augmenter that leaves the targets alone.

    Args:
        numbers: How many uniform random numbers an image needs.
        change: From images and float32 of shape (batch, numbers) in [0, 1), the changed images.
    """

    def draw(count: int, seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform([count, numbers], seed)

    def apply(
        images: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return change(images, draws), targets

    return Augmenter(draw, apply)


def in_range(uniform: tf.Tensor, factor: float | Sequence[float]) -> tf.Tensor:
    """Stretches numbers in [0, 1) to a factor's range.

    Args:
        uniform: float32.
        factor: One number for plus or minus that much, or the lowest and the highest.
    """
    low, high = (-factor, factor) if isinstance(factor, int | float) else factor
    return low + uniform * (high - low)


def whole_numbers(uniform: tf.Tensor, count: int) -> tf.Tensor:
    """Turns numbers in [0, 1) into int32 in 0..count-1, each as likely."""
    return tf.cast(uniform * float(count), tf.int32)


def per_image(values: tf.Tensor) -> tf.Tensor:
    """Shapes one value an image, (batch,), so that it meets every pixel: (batch, 1, 1, 1)."""
    return tf.reshape(values, [-1, 1, 1, 1])


def to_pixels(images: tf.Tensor) -> tf.Tensor:
    """Clips values to 0..255."""
    return tf.clip_by_value(images, 0.0, HIGHEST_PIXEL)
