"""Augmentations that move whole pixels: random crops of the padded image, and mirroring."""

from __future__ import annotations

import tensorflow as tf

from kcnn.data.augmentation.augmenter import Augmenter, image_augmenter, whole_numbers
from kcnn.recipe.augmentations import AlternatingFlip, RandomCrop, RandomFlip

VERTICAL, HORIZONTAL = 1, 2
FLIPPED_AXES = {
    "vertical": (VERTICAL,),
    "horizontal": (HORIZONTAL,),
    "horizontal_and_vertical": (VERTICAL, HORIZONTAL),
}


def random_crop(settings: RandomCrop) -> Augmenter:
    """Pads each image and cuts its own size out again at a random place."""
    places = 2 * settings.padding + 1

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        offsets = whole_numbers(draws, places) - settings.padding
        return shift(images, offsets[:, 0], offsets[:, 1], settings.padding, settings.fill_mode)

    return image_augmenter(2, change)


def random_flip(settings: RandomFlip) -> Augmenter:
    """Mirrors each image with probability one half a direction."""
    axes = FLIPPED_AXES[settings.mode]

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        for column, axis in enumerate(axes):
            images = flip(images, draws[:, column] < 0.5, axis)
        return images

    return image_augmenter(len(axes), change)


def alternating_flip(settings: AlternatingFlip) -> Augmenter:
    """Mirrors each image in every other epoch (Jordan, 2024, arXiv:2404.00498: alternating flip).

    An image's number is 1 where it is mirrored; a coin of its own decides the first epoch.
    """

    def draw(count: int, seed: tf.Tensor) -> tf.Tensor:
        return tf.floor(2.0 * tf.random.stateless_uniform([count, 1], seed))

    def of_epoch(coins: tf.Tensor, epoch: tf.Tensor) -> tf.Tensor:
        return tf.where(epoch % 2 == 0, coins, 1.0 - coins)

    def apply(
        images: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return flip(images, draws[:, 0] == 1.0, HORIZONTAL), targets

    return Augmenter(draw, apply, of_epoch)


def shift(
    images: tf.Tensor, down: tf.Tensor, right: tf.Tensor, margin: int, fill_mode: str
) -> tf.Tensor:
    """Cuts each image's own size out at a place of its own.

    Args:
        images: (batch, height, width, channels).
        down: int32 (batch,), rows from the image's top to the cut's, in -margin..margin.
        right: int32 (batch,), columns likewise.
        margin: How far a cut may reach beyond the image, in pixels.
        fill_mode: What stands there: `constant`, black; `reflect`, the mirrored image without its
            edge twice, as in NumPy's and PyTorch's padding of that name.

    Returns:
        Images of the same shape and type.
    """
    _, height, width, _ = images.shape
    rows = down[:, tf.newaxis] + tf.range(height)
    columns = right[:, tf.newaxis] + tf.range(width)
    if fill_mode == "reflect":
        rows, columns = _reflected(rows, height), _reflected(columns, width)
    else:
        images = tf.pad(images, [[0, 0], [margin, margin], [margin, margin], [0, 0]])
        rows, columns = rows + margin, columns + margin
    images = tf.gather(images, rows, axis=1, batch_dims=1)
    return tf.gather(images, columns, axis=2, batch_dims=1)


def flip(images: tf.Tensor, chosen: tf.Tensor, axis: int) -> tf.Tensor:
    """Mirrors some images of a batch.

    Args:
        images: (batch, height, width, channels).
        chosen: bool (batch,), which ones.
        axis: 1 swaps top and bottom, 2 left and right.
    """
    # One gather from both versions: tf.where would broadcast its condition, at four times the cost.
    count = tf.shape(images)[0]
    both = tf.concat([images, tf.reverse(images, [axis])], axis=0)
    flipped = tf.gather(both, tf.range(count) + tf.where(chosen, count, 0))
    return tf.ensure_shape(flipped, images.shape)


def _reflected(positions: tf.Tensor, size: int) -> tf.Tensor:
    last = size - 1
    return last - tf.abs(positions % max(2 * last, 1) - last)
