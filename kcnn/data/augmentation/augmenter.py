"""The form of every augmentation: random draws for each image, and a change that they decide."""

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
    """An augmentation as pure functions.

    The draws for all images of an epoch are made before any batch, so that an image's draws depend
    neither on the batch size nor on the batch it is in.

    Args:
        draw: Takes the number of images and a seed of two integers. Returns random draws, a row for
            each image: float32, (count, draws of an image).
        apply: Takes images (batch, height, width, channels) with values in 0..255, targets
            (batch, ...) and the draws for them. Returns the changed images and targets.
        of_epoch: Takes draws that hold for all epochs and the epoch, counted from 0. Returns the
            draws of that epoch. An image that is in the epoch twice has the same draws both times.
            None if each epoch has new draws.
    """

    draw: Draw
    apply: Mix
    of_epoch: EpochRows | None = None


def image_augmenter(draws_per_image: int, change: Change) -> Augmenter:
    """Build an augmenter that does not change the targets.

    Args:
        draws_per_image: How many uniform random numbers an image needs.
        change: Takes images and their draws in [0, 1), float32 (batch, draws_per_image). Returns
            the changed images.
    """

    def draw(count: int, seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform([count, draws_per_image], seed)

    def apply(
        images: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return change(images, draws), targets

    return Augmenter(draw, apply)


def in_range(uniform: tf.Tensor, factor: float | Sequence[float]) -> tf.Tensor:
    """Scale numbers in [0, 1) to the range of a factor.

    Args:
        uniform: float32.
        factor: A number f for the range from -f to f, or the lowest and the highest value.
    """
    low, high = (-factor, factor) if isinstance(factor, int | float) else factor
    return low + uniform * (high - low)


def whole_numbers(uniform: tf.Tensor, count: int) -> tf.Tensor:
    """Convert numbers in [0, 1) to int32 in 0..count-1 of equal probability."""
    return tf.cast(uniform * float(count), tf.int32)


def per_image(values: tf.Tensor) -> tf.Tensor:
    """Reshape a value for each image, (batch,), to broadcast over its pixels: (batch, 1, 1, 1)."""
    return tf.reshape(values, [-1, 1, 1, 1])


def to_pixels(images: tf.Tensor) -> tf.Tensor:
    """Clip values to 0..255."""
    return tf.clip_by_value(images, 0.0, HIGHEST_PIXEL)
