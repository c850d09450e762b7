"""Colours and sizes of images already in memory, changed once when a set is loaded."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from kcnn.data.dataset import Images
from kcnn.data.images import MODES
from kcnn.errors import DataError
from kcnn.machine.memory import free_memory


def empty_images(count: int, image_size: tuple[int, int], channels: int) -> np.ndarray:
    """Makes room for images: uint8, of shape (count, height, width, channels).

    Raises:
        DataError: Memory does not hold so many of this size.
    """
    size, free = count * math.prod(image_size) * channels, free_memory()
    if free is not None and size > free:
        raise DataError(
            f"{count:,} images of {image_size[0]}×{image_size[1]}×{channels} are "
            f"{size / 1e9:,.0f} GB, and {free / 1e9:,.0f} GB of memory are free",
            "choose a smaller data.image_size, or fewer images",
        )
    return np.empty((count, *image_size, channels), np.uint8)


def convert_images(
    part: Images, image_size: tuple[int, int] | None, channels: int | None
) -> Images:
    """Brings images to the colours and the size that the recipe asks for.

    Args:
        part: The images.
        image_size: Height and width (bilinear resizing); None keeps their own.
        channels: 1 for grey, 3 for red, green, blue; None keeps their own.

    Returns:
        The same object when nothing is to be done.

    Raises:
        DataError: Memory does not hold them.
    """
    count, height, width, own_channels = part.images.shape
    size = image_size or (height, width)
    channels = channels or own_channels
    if (*size, channels) == (height, width, own_channels):
        return part
    images = empty_images(count, size, channels)
    for index, pixels in enumerate(part.images):
        image = Image.fromarray(pixels if own_channels == 3 else pixels[..., 0])
        image = image.convert(MODES[channels])
        if size != (height, width):
            image = image.resize(size[::-1], Image.Resampling.BILINEAR)
        images[index] = np.asarray(image).reshape(*size, channels)
    return Images(images, part.labels)
