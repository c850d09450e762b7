"""Augmentations that change pixel values and leave every pixel in its place."""

from __future__ import annotations

import tensorflow as tf

from kcnn.data.augmentation.augmenter import (
    HIGHEST_PIXEL,
    Augmenter,
    image_augmenter,
    in_range,
    per_image,
    to_pixels,
)
from kcnn.recipe.augmentations import RandomBrightness, RandomContrast


def random_brightness(settings: RandomBrightness) -> Augmenter:
    """Adds a random share of the value range, 255, to each image."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        shares = in_range(draws, settings.factor)
        return to_pixels(tf.cast(images, tf.float32) + per_image(shares) * HIGHEST_PIXEL)

    return image_augmenter(1, change)


def random_contrast(settings: RandomContrast) -> Augmenter:
    """Multiplies the distance from each channel's mean by 1 plus a random share."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        return contrast(tf.cast(images, tf.float32), in_range(draws, settings.factor))

    return image_augmenter(1, change)


def contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Multiplies the distance from the mean of each image's channels by `1 + amount`.

    Args:
        images: float32 (batch, height, width, channels), values in 0..255.
        amounts: float32, one an image.
    """
    means = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    return to_pixels(images + per_image(amounts) * (images - means))
