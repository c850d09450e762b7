"""Augmentations that move whole pixels: random crops of the padded image, and flips."""

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
    """Pad each image and crop it to its former size at a random position."""
    positions = 2 * settings.padding + 1

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        offsets = whole_numbers(draws, positions) - settings.padding
        return shift(images, offsets[:, 0], offsets[:, 1], settings.padding, settings.fill_mode)

    return image_augmenter(2, change)


def random_flip(settings: RandomFlip) -> Augmenter:
    """Flip each image with probability 1/2 in each direction."""
    axes = FLIPPED_AXES[settings.mode]

    def change(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        for column, axis in enumerate(axes):
            images = flip(images, draws[:, column] < 0.5, axis)
        return images

    return image_augmenter(len(axes), change)


def alternating_flip(settings: AlternatingFlip) -> Augmenter:
    """Flip each image in every other epoch (alternating flip; Jordan, 2024, arXiv:2404.00498).

    An image's draw is 1 if it is flipped. A random bit for each image decides the first epoch.
    """

    def draw(count: int, seed: tf.Tensor) -> tf.Tensor:
        return tf.floor(2.0 * tf.random.stateless_uniform([count, 1], seed))

    def of_epoch(bits: tf.Tensor, epoch: tf.Tensor) -> tf.Tensor:
        return tf.where(epoch % 2 == 0, bits, 1.0 - bits)

    def apply(
        images: tf.Tensor, targets: tf.Tensor, draws: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return flip(images, draws[:, 0] == 1.0, HORIZONTAL), targets

    return Augmenter(draw, apply, of_epoch)


def shift(
    images: tf.Tensor, down: tf.Tensor, right: tf.Tensor, margin: int, fill_mode: str
) -> tf.Tensor:
    """Crop each image to its own size at a position of its own.

    Args:
        images: (batch, height, width, channels).
        down: int32 (batch,), rows from the image's top to the crop's top, in -margin..margin.
        right: int32 (batch,), columns from the image's left to the crop's left, in -margin..margin.
        margin: How far a crop may reach beyond the image, in pixels.
        fill_mode: The pixels beyond the image: `constant` is black; `reflect` is the mirrored image
            without a second copy of its edge, as NumPy and PyTorch pad.

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
    """Flip some images of a batch.

    Args:
        images: (batch, height, width, channels).
        chosen: bool (batch,), whether to flip an image.
        axis: 1 swaps top and bottom, 2 left and right.
    """
    # A gather from both versions, because tf.where broadcasts its condition and takes four times
    # as long.
    count = tf.shape(images)[0]
    both = tf.concat([images, tf.reverse(images, [axis])], axis=0)
    flipped = tf.gather(both, tf.range(count) + tf.where(chosen, count, 0))
    return tf.ensure_shape(flipped, images.shape)


def _reflected(positions: tf.Tensor, size: int) -> tf.Tensor:
    last = size - 1
    return last - tf.abs(positions % max(2 * last, 1) - last)
