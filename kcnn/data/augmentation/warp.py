"""Augmentations that warp each image by an affine map: rotation, translation, zoom.

An affine map is six numbers, `[xx, xy, x, yx, yy, y]`. The result's pixel at column u and row v,
counted from the center of the image, has the value of the image at column `xx*u + xy*v + x` and row
`yx*u + yy*v + y`. So a map that doubles the distance from the center halves the image's size.
"""

from __future__ import annotations

from math import pi

import tensorflow as tf

from kcnn.data.augmentation.augmenter import Augmenter, image_augmenter, in_range
from kcnn.recipe.augmentations import RandomRotation, RandomTranslation, RandomZoom


def random_rotation(settings: RandomRotation) -> Augmenter:
    """Rotate each image. Factors are fractions of a full turn, positive counter-clockwise."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        maps = rotations(in_range(draws[:, 0], settings.factor) * 2.0 * pi)
        return warp(images, maps, settings.fill_mode, settings.interpolation)

    return image_augmenter(1, change)


def random_translation(settings: RandomTranslation) -> Augmenter:
    """Shift each image. Factors are fractions of its height and width, positive down and right."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        _, height, width, _ = images.shape
        down = in_range(draws[:, 0], settings.height_factor) * height
        right = in_range(draws[:, 1], settings.width_factor) * width
        maps = translations(down, right)
        return warp(images, maps, settings.fill_mode, settings.interpolation)

    return image_augmenter(2, change)


def random_zoom(settings: RandomZoom) -> Augmenter:
    """Zoom each image. Negative factors enlarge it; a single factor keeps its proportions."""
    width_factor = settings.width_factor

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        rows = 1.0 + in_range(draws[:, 0], settings.height_factor)
        columns = rows if width_factor is None else 1.0 + in_range(draws[:, 1], width_factor)
        maps = scalings(rows, columns)
        return warp(images, maps, settings.fill_mode, settings.interpolation)

    return image_augmenter(2, change)


def rotations(angles: tf.Tensor) -> tf.Tensor:
    """Return maps (batch, 6) that rotate counter-clockwise by angles (batch,) in radians."""
    cos, sin, zeros = tf.cos(angles), tf.sin(angles), tf.zeros_like(angles)
    return tf.stack([cos, -sin, zeros, sin, cos, zeros], axis=1)


def translations(down: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Return maps (batch, 6) that shift by (batch,) pixels down and right."""
    ones, zeros = tf.ones_like(down), tf.zeros_like(down)
    return tf.stack([ones, zeros, -right, zeros, ones, -down], axis=1)


def scalings(rows: tf.Tensor, columns: tf.Tensor) -> tf.Tensor:
    """Return maps (batch, 6) that show (batch,) times as many rows and columns of the image."""
    zeros = tf.zeros_like(rows)
    return tf.stack([columns, zeros, zeros, zeros, rows, zeros], axis=1)


def shears(across: tf.Tensor, along: tf.Tensor) -> tf.Tensor:
    """Return maps (batch, 6) that slant columns by `across` and rows by `along`, both (batch,)."""
    ones, zeros = tf.ones_like(across), tf.zeros_like(across)
    return tf.stack([ones, across, zeros, along, ones, zeros], axis=1)


def warp(images: tf.Tensor, maps: tf.Tensor, fill_mode: str, interpolation: str) -> tf.Tensor:
    """Warp each image by its affine map.

    Args:
        images: (batch, height, width, channels).
        maps: float32 (batch, 6), the affine maps.
        fill_mode: The pixels outside the image, as Keras names them: `constant` is black.
        interpolation: `bilinear` or `nearest`.

    Returns:
        Images of the same shape; float32 if bilinear, else of the same type.
    """
    _, height, width, _ = images.shape
    center_x, center_y = (width - 1) / 2, (height - 1) / 2
    xx, xy, x, yx, yy, y = tf.unstack(maps, axis=1)
    zeros = tf.zeros_like(x)
    from_corner = [
        xx, xy, x + center_x - xx * center_x - xy * center_y,
        yx, yy, y + center_y - yx * center_x - yy * center_y,
        zeros, zeros,
    ]  # fmt: skip
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32) if interpolation == "bilinear" else images,
        transforms=tf.stack(from_corner, axis=1),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation=interpolation.upper(),
        fill_mode=fill_mode.upper(),
    )
