"""Cutout: a black square in each image (DeVries and Taylor, 2017, arXiv:1708.04552)."""

from __future__ import annotations

import tensorflow as tf

from kcnn.data.augmentation.augmenter import Augmenter, image_augmenter, whole_numbers
from kcnn.data.augmentation.boxes import box_masks, clipped_boxes
from kcnn.recipe.augmentations import Cutout


def cutout(settings: Cutout) -> Augmenter:
    """Blacken a square around a random pixel. The part of it outside the image has no effect."""

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        _, height, width, _ = images.shape
        rows = whole_numbers(draws[:, 0], height)
        columns = whole_numbers(draws[:, 1], width)
        boxes = clipped_boxes(rows, columns, settings.size, settings.size, height, width)
        return images * (1 - box_masks(boxes, images))

    return image_augmenter(2, change)
