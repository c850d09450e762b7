"""Convert images in memory to the size and colors of a recipe, once, when they are loaded."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from kcnn.data.dataset import Images
from kcnn.data.images import MODES
from kcnn.errors import DataError
from kcnn.machine.memory import free_memory


def empty_images(count: int, image_size: tuple[int, int], channels: int) -> np.ndarray:
    """Allocate images: uint8, (count, height, width, channels).

    Args:
        count: Number of images.
        image_size: Height and width.
        channels: 1 for gray, 3 for red, green, blue.

    Raises:
        DataError: They do not fit into the free memory.
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
    """Convert images to the size and colors of a recipe.

    Args:
        part: The images.
        image_size: Height and width (bilinear resizing); None keeps the present size.
        channels: 1 for gray, 3 for red, green, blue; None keeps the present number.

    Returns:
        The same object if there is nothing to convert.

    Raises:
        DataError: They do not fit into the free memory.
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
