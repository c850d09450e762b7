"""Augmentations that change the values of pixels but not their positions."""

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
    """Add a random fraction of the value range, 255, to each image."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        fractions = in_range(draws, settings.factor)
        return to_pixels(tf.cast(images, tf.float32) + per_image(fractions) * HIGHEST_PIXEL)

    return image_augmenter(1, change)


def random_contrast(settings: RandomContrast) -> Augmenter:
    """Multiply the distance of pixels from their channel's mean by 1 plus a random amount."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        return contrast(tf.cast(images, tf.float32), in_range(draws, settings.factor))

    return image_augmenter(1, change)


def contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Multiply the distance of pixels from their channel's mean by `1 + amount`.

    Args:
        images: float32 (batch, height, width, channels), values in 0..255.
        amounts: float32, an amount for each image.
    """
    means = tf.reduce_mean(images, axis=[1, 2], keepdims=True)
    return to_pixels(images + per_image(amounts) * (images - means))
