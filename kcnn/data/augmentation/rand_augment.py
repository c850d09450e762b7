"""RandAugment: apply a few random operations from a fixed set to each image.

Cubuk et al., 2020, arXiv:1909.13719. The operations are the paper's fourteen: identity,
auto-contrast, equalize, rotate, shear and translate along x and y, brightness, color, contrast,
sharpness, posterize and solarize. All have the same strength, `factor`, with a random sign if a
sign makes a difference. At factor 1 they are as strong as AutoAugment's: 30 degrees, a slope of
0.3, 45 % of the side, blends of 0.1 or 1.9, 4 bits left of 8, every pixel inverted.

An operation takes images, float32 (batch, height, width, channels) in 0..255, and an amount for
each image, the signed strength in -1..1, float32 (batch,).
"""

from __future__ import annotations

from collections.abc import Callable
from math import radians

import tensorflow as tf

from kcnn.data.augmentation.augmenter import (
    HIGHEST_PIXEL,
    Augmenter,
    image_augmenter,
    per_image,
    to_pixels,
    whole_numbers,
)
from kcnn.data.augmentation.color import contrast
from kcnn.data.augmentation.warp import rotations, shears, translations, warp
from kcnn.recipe.augmentations import RandAugment

MAX_ANGLE = radians(30)
MAX_SLOPE = 0.3
MAX_SHIFT = 150 / 331
MAX_BLEND = 0.9
MAX_BITS_LOST = 4.0
LEVELS = 256
LUMA = (0.299, 0.587, 0.114)

Operation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def rand_augment(settings: RandAugment) -> Augmenter:
    """Apply `num_ops` random operations to each image, one after another."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        images = tf.cast(images, tf.float32)
        for index in range(settings.num_ops):
            kinds = whole_numbers(draws[:, 2 * index], len(OPERATIONS))
            signs = tf.where(draws[:, 2 * index + 1] < 0.5, -1.0, 1.0)
            images = _apply_operations(images, kinds, signs * settings.factor)
        return images

    return image_augmenter(2 * settings.num_ops, change)


def _apply_operations(images: tf.Tensor, kinds: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    # Partition the batch by operation, so that each operation is run only on its own images.
    count = len(OPERATIONS)
    positions = tf.dynamic_partition(tf.range(tf.shape(images)[0]), kinds, count)
    image_parts = tf.dynamic_partition(images, kinds, count)
    amount_parts = tf.dynamic_partition(amounts, kinds, count)
    changed = [
        operation(*parts)
        for operation, *parts in zip(OPERATIONS, image_parts, amount_parts, strict=True)
    ]
    return tf.ensure_shape(tf.dynamic_stitch(positions, changed), images.shape)


def identity(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Return the images unchanged."""
    return images


def auto_contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Stretch the values of each channel to 0..255; a channel of a single value stays."""
    low = tf.reduce_min(images, axis=[1, 2], keepdims=True)
    span = tf.reduce_max(images, axis=[1, 2], keepdims=True) - low
    return tf.where(span > 0, (images - low) * tf.math.divide_no_nan(HIGHEST_PIXEL, span), images)


def equalize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Equalize the histogram of each channel, as Pillow does."""
    _, height, width, channels = images.shape
    values = tf.transpose(tf.cast(tf.round(images), tf.int32), [0, 3, 1, 2])
    values = tf.reshape(values, [-1, height * width])
    planes = tf.shape(values)[0]
    counts = tf.math.bincount(values, minlength=LEVELS, maxlength=LEVELS, axis=-1)
    of_highest = tf.gather(counts, tf.reduce_max(values, axis=1), batch_dims=1)
    step = (height * width - of_highest[:, tf.newaxis]) // (LEVELS - 1)
    spread = (tf.cumsum(counts, axis=1, exclusive=True) + step // 2) // tf.maximum(step, 1)
    unchanged = tf.broadcast_to(tf.range(LEVELS), [planes, LEVELS])
    table = tf.where(step > 0, tf.minimum(spread, LEVELS - 1), unchanged)
    equalized = tf.reshape(tf.gather(table, values, batch_dims=1), [-1, channels, height, width])
    return tf.cast(tf.transpose(equalized, [0, 2, 3, 1]), tf.float32)


def rotate(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Rotate by up to 30 degrees."""
    return _warp(images, rotations(amounts * MAX_ANGLE))


def shear_x(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Slant columns."""
    return _warp(images, shears(amounts * MAX_SLOPE, tf.zeros_like(amounts)))


def shear_y(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Slant rows."""
    return _warp(images, shears(tf.zeros_like(amounts), amounts * MAX_SLOPE))


def translate_x(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Shift left or right."""
    right = amounts * MAX_SHIFT * images.shape[2]
    return _warp(images, translations(tf.zeros_like(right), right))


def translate_y(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Shift up or down."""
    down = amounts * MAX_SHIFT * images.shape[1]
    return _warp(images, translations(down, tf.zeros_like(down)))


def brightness(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blend with black, or away from it."""
    return _blend(images, tf.zeros_like(images), amounts)


def color(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blend with the image in gray, or away from it; gray images stay."""
    if images.shape[3] != len(LUMA):
        return images
    gray = tf.tensordot(images, tf.constant(LUMA), axes=1)[..., tf.newaxis]
    return _blend(images, gray, amounts)


def stronger_contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blend with the mean of each channel, or away from it."""
    return contrast(images, amounts * MAX_BLEND)


def sharpness(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blend with the smoothed image, or away from it: Pillow's 3×3 kernel with 5 in its center."""
    smooth = (9.0 * tf.nn.avg_pool2d(images, 3, strides=1, padding="SAME") + 4.0 * images) / 13.0
    return _blend(images, smooth, amounts)


def posterize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Remove up to four of eight bits."""
    steps = per_image(2.0 ** tf.round(tf.abs(amounts) * MAX_BITS_LOST))
    return tf.floor(images / steps) * steps


def solarize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Invert the brightest pixels."""
    thresholds = per_image((1.0 - tf.abs(amounts)) * LEVELS)
    return tf.where(images >= thresholds, HIGHEST_PIXEL - images, images)


OPERATIONS: tuple[Operation, ...] = (
    identity,
    auto_contrast,
    equalize,
    rotate,
    shear_x,
    shear_y,
    translate_x,
    translate_y,
    brightness,
    color,
    stronger_contrast,
    sharpness,
    posterize,
    solarize,
)


def _blend(images: tf.Tensor, other: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    return to_pixels(images + per_image(amounts * MAX_BLEND) * (images - other))


def _warp(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    return warp(images, maps, fill_mode="constant", interpolation="bilinear")
