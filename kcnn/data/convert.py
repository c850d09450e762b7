"""Images in the size and colors of a recipe, converted when they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from kcnn.data.dataset import Images
from kcnn.data.image.read import MODES

if TYPE_CHECKING:
    from hashlib import _Hash

    from kcnn.errors import DataError


class ConvertedImages(Images):
    """Images of another size or number of channels.

    Args:
        base: The images to convert.
        image_size: Height and width to resize to (bilinear).
        channels: 1 for gray, 3 for red, green, blue.
    """

    def __init__(self, base: Images, image_size: tuple[int, int], channels: int) -> None:
        self._base = base
        self._shape = (*image_size, channels)
        self.labels = base.labels
        self.names = base.names
        self.hashed = f"converted:{base.hashed}"
        self.root = base.root
        self.groups = base.groups

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self._shape

    @property
    def failure(self) -> DataError | None:
        """The first error that reading the others raised."""
        return self._base.failure

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Convert some images."""
        images = np.empty((len(indices), *self._shape), np.uint8)
        for image, pixels in zip(images, self._base.read(indices), strict=True):
            image[:] = self._convert(pixels)
        return images

    def _convert(self, pixels: np.ndarray) -> np.ndarray:
        height, width, channels = self._shape
        image = Image.fromarray(pixels if pixels.shape[-1] == 3 else pixels[..., 0])
        image = image.convert(MODES[channels])
        if (height, width) != pixels.shape[:2]:
            image = image.resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(image).reshape(self._shape)

    def update_hash(self, digest: _Hash, indices: np.ndarray | None = None) -> None:
        """Add the new shape and what identifies the images to a hash; nothing is converted."""
        digest.update(str(self._shape).encode("ascii"))
        self._base.update_hash(digest, indices)


def convert_images(
    images: Images, image_size: tuple[int, int] | None, channels: int | None
) -> Images:
    """Convert images to the size and colors of a recipe, when they are read.

    Args:
        images: The images.
        image_size: Height and width; None keeps the present size.
        channels: 1 for gray, 3 for red, green, blue; None keeps the present number.

    Returns:
        The same object if there is nothing to convert.
    """
    height, width, own_channels = images.shape
    size, channels = image_size or (height, width), channels or own_channels
    if (*size, channels) == images.shape:
        return images
    return ConvertedImages(images, size, channels)
