"""RandAugment: a few changes an image, drawn from a fixed set.

Cubuk et al., 2020, arXiv:1909.13719. The set is the paper's fourteen: identity, auto-contrast,
equalize, rotate, shear and translate along x and y, brightness, colour, contrast, sharpness,
posterize and solarize. Each works at the same strength, `factor`, with a random sign where a sign
makes sense. At factor 1 they reach as far as AutoAugment's: 30 degrees, a slope of 0.3, 45 % of the
side, blends of 0.1 or 1.9, 4 bits left of 8, every pixel inverted.

An operation takes images, float32 (batch, height, width, channels) in 0..255, and for each image an
amount, the signed strength in -1..1, float32 (batch,).
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
from kcnn.data.augmentation.colour import contrast
from kcnn.data.augmentation.warp import rotations, shears, translations, warp
from kcnn.recipe.augmentations import RandAugment

LARGEST_ANGLE = radians(30)
LARGEST_SLOPE = 0.3
LARGEST_SHIFT = 150 / 331
LARGEST_BLEND = 0.9
MOST_BITS_LOST = 4.0
LEVELS = 256
LUMA = (0.299, 0.587, 0.114)

Operation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def rand_augment(settings: RandAugment) -> Augmenter:
    """Applies `num_ops` operations to each image, one after another."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        images = tf.cast(images, tf.float32)
        for number in range(settings.num_ops):
            kinds = whole_numbers(draws[:, 2 * number], len(OPERATIONS))
            signs = tf.where(draws[:, 2 * number + 1] < 0.5, -1.0, 1.0)
            images = _apply_one_each(images, kinds, signs * settings.factor)
        return images

    return image_augmenter(2 * settings.num_ops, change)


def _apply_one_each(images: tf.Tensor, kinds: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    # Sorting the batch by operation spares each operation the images of all the others.
    number = len(OPERATIONS)
    changed = [
        operation(some_images, some_amounts)
        for operation, some_images, some_amounts in zip(
            OPERATIONS,
            tf.dynamic_partition(images, kinds, number),
            tf.dynamic_partition(amounts, kinds, number),
            strict=True,
        )
    ]
    places = tf.dynamic_partition(tf.range(tf.shape(images)[0]), kinds, number)
    return tf.ensure_shape(tf.dynamic_stitch(places, changed), images.shape)


def identity(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Changes nothing."""
    return images


def auto_contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Stretches each channel's values to the whole range; a flat channel stays."""
    low = tf.reduce_min(images, axis=[1, 2], keepdims=True)
    span = tf.reduce_max(images, axis=[1, 2], keepdims=True) - low
    return tf.where(span > 0, (images - low) * tf.math.divide_no_nan(HIGHEST_PIXEL, span), images)


def equalize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Makes each channel's values equally frequent, by Pillow's rule."""
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
    """Turns by up to 30 degrees."""
    return _warp(images, rotations(amounts * LARGEST_ANGLE))


def shear_x(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Slants columns."""
    return _warp(images, shears(amounts * LARGEST_SLOPE, tf.zeros_like(amounts)))


def shear_y(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Slants rows."""
    return _warp(images, shears(tf.zeros_like(amounts), amounts * LARGEST_SLOPE))


def translate_x(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Shifts left or right."""
    right = amounts * LARGEST_SHIFT * images.shape[2]
    return _warp(images, translations(tf.zeros_like(right), right))


def translate_y(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Shifts up or down."""
    down = amounts * LARGEST_SHIFT * images.shape[1]
    return _warp(images, translations(down, tf.zeros_like(down)))


def brightness(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends with black, or away from it."""
    return _blend(images, tf.zeros_like(images), amounts)


def colour(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends with the image's grey version, or away from it; grey images stay."""
    if images.shape[3] != len(LUMA):
        return images
    grey = tf.tensordot(images, tf.constant(LUMA), axes=1)[..., tf.newaxis]
    return _blend(images, grey, amounts)


def stronger_contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends with the mean of each channel, or away from it."""
    return contrast(images, amounts * LARGEST_BLEND)


def sharpness(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Blends with a smoothed version, Pillow's 3×3 kernel with 5 in its centre, or away from it."""
    smooth = (9.0 * tf.nn.avg_pool2d(images, 3, strides=1, padding="SAME") + 4.0 * images) / 13.0
    return _blend(images, smooth, amounts)


def posterize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Takes up to four bits of eight away."""
    steps = per_image(2.0 ** tf.round(tf.abs(amounts) * MOST_BITS_LOST))
    return tf.floor(images / steps) * steps


def solarize(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    """Inverts the brightest pixels."""
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
    colour,
    stronger_contrast,
    sharpness,
    posterize,
    solarize,
)


def _blend(images: tf.Tensor, other: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    return to_pixels(images + per_image(amounts * LARGEST_BLEND) * (images - other))


def _warp(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    return warp(images, maps, fill_mode="constant", interpolation="bilinear")
