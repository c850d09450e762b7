"""Augmentations that mix each image and its target with the next image of the batch."""

from __future__ import annotations

import tensorflow as tf

from kcnn.data.augmentation.augmenter import Augmenter, Draw, per_image, whole_numbers
from kcnn.data.augmentation.boxes import areas, box_masks, clipped_boxes
from kcnn.recipe.augmentations import CutMix, MixUp


def mix_up(settings: MixUp) -> Augmenter:
    """Blend each image with another (mixup; Zhang et al., 2018, arXiv:1710.09412)."""

    def apply(
        images: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        kept = draws[:, 0]
        images = tf.cast(images, tf.float32)
        images += per_image(1.0 - kept) * (_next_of_batch(images) - images)
        return images, mixed_targets(targets, kept)

    return Augmenter(_beta_and_uniforms(settings.alpha, uniforms=0), apply)


def cut_mix(settings: CutMix) -> Augmenter:
    """Paste a box of another image into each (CutMix; Yun et al., 2019, arXiv:1905.04899)."""

    def apply(
        images: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        _, height, width, _ = images.shape
        side = tf.sqrt(1.0 - draws[:, 0])
        boxes = clipped_boxes(
            whole_numbers(draws[:, 1], height),
            whole_numbers(draws[:, 2], width),
            whole_numbers(side, height),
            whole_numbers(side, width),
            height,
            width,
        )
        # As in the paper, the fraction after clipping the box, not the fraction that was drawn.
        kept = 1.0 - tf.cast(areas(boxes), tf.float32) / float(height * width)
        inside = box_masks(boxes, images)
        images = images * (1 - inside) + _next_of_batch(images) * inside
        return images, mixed_targets(targets, kept)

    return Augmenter(_beta_and_uniforms(settings.factor, uniforms=2), apply)


def mixed_targets(targets: tf.Tensor, kept: tf.Tensor) -> tf.Tensor:
    """Mix each target with the next target of the batch.

    Args:
        targets: float32 (batch, classes).
        kept: float32 (batch,), the fraction that each image keeps of its own target.
    """
    kept = kept[:, tf.newaxis]
    return kept * targets + (1.0 - kept) * _next_of_batch(targets)


def _next_of_batch(values: tf.Tensor) -> tf.Tensor:
    return tf.roll(values, shift=-1, axis=0)


def _beta_and_uniforms(alpha: float, uniforms: int) -> Draw:
    def draw(count: int, seed: tf.Tensor) -> tf.Tensor:
        gamma_seed, uniform_seed = tf.unstack(tf.random.split(seed))
        # float64, because with a small alpha both gammas may be too small for float32.
        concentration = tf.constant(alpha, tf.float64)
        gammas = tf.random.stateless_gamma([count, 2], gamma_seed, concentration, dtype=tf.float64)
        beta = tf.math.divide_no_nan(gammas[:, :1], tf.reduce_sum(gammas, axis=1, keepdims=True))
        positions = tf.random.stateless_uniform([count, uniforms], uniform_seed)
        return tf.concat([tf.cast(beta, tf.float32), positions], axis=1)

    return draw
