"""An image in strips, so that arithmetic on a large one needs little memory beside it."""

from __future__ import annotations

from collections.abc import Iterator

from PIL import Image

_PIXELS = 1 << 20  # in a strip


def strips(*images: Image.Image) -> Iterator[tuple[int, tuple[Image.Image, ...]]]:
    """Cut images of one size into strips of some rows.

    Yields:
        The row that a strip begins with, and the strip of each image.
    """
    width, height = images[0].size
    rows = max(1, _PIXELS // width)
    for top in range(0, height, rows):
        box = (0, top, width, min(height, top + rows))
        yield top, tuple(image.crop(box) for image in images)
