"""Damage image files and read them as `kcnn predict` does.

    python tests/fuzz/images.py --cases 100000 --workers 2

Each case is a small PNG, JPEG, GIF, BMP, WebP or TIFF file with some changed bytes. It must be read
and resized to a model's input, or refused with a line that begins with the file's name, within 2
seconds and 500 MB.
"""

from __future__ import annotations

import random
import sys
import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np
from harness import Report, run_cases, time_limit
from mutations import mutate_bytes
from PIL import Image

from kcnn.data.fitted_images import FittedImages
from kcnn.errors import DataError
from kcnn.recipe.data_settings import RESIZES


@cache
def valid_files() -> tuple[bytes, ...]:
    """Return an image file of each format and color mode."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    color = Image.fromarray(pixels)
    transparent = color.copy()
    transparent.putalpha(color.convert("L"))
    sixteen_bit = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    rotated = Image.Exif()
    rotated[0x0112] = 6  # orientation
    frames = {"save_all": True, "append_images": [color.rotate(90)], "duration": 10}
    return tuple(
        _encoded(image, **options)
        for image, options in (
            *((color.convert(mode), {"format": "PNG"}) for mode in ("1", "L", "LA", "P", "RGB")),
            *((color.convert(mode), {"format": "BMP"}) for mode in ("1", "L", "P", "RGB")),
            *((color.convert(mode), {"format": "JPEG"}) for mode in ("L", "RGB", "CMYK")),
            *((image, {"format": "GIF"}) for image in (color, color.convert("L"), transparent)),
            (transparent, {"format": "PNG"}),
            (sixteen_bit, {"format": "PNG"}),
            (color.quantize(), {"format": "PNG", "transparency": 3}),
            (color, {"format": "JPEG", "progressive": True, "exif": rotated}),
            (color, {"format": "GIF", **frames}),
            (color, {"format": "PNG", **frames}),
            (color, {"format": "PNG", "transparency": (1, 2, 3)}),
            (color, {"format": "WEBP", "exif": rotated}),
            (transparent, {"format": "WEBP", "lossless": True}),
            (color, {"format": "WEBP", **frames}),
            *((color.convert(mode), {"format": "TIFF"}) for mode in ("1", "L", "P", "RGB", "CMYK")),
            (sixteen_bit, {"format": "TIFF", "compression": "tiff_deflate"}),
            (transparent, {"format": "TIFF", "exif": rotated}),
        )
    )


def _encoded(image: Image.Image, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, **options)
    return file.getvalue()


def run_case(number: int) -> Report:
    """Read the damaged image of a number."""
    draw = random.Random(number)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / draw.choice(["image.png", "image.jpg", "image.gif", "image"])
        path.write_bytes(mutate_bytes(draw.choice(valid_files()), draw))
        channels, resize = draw.choice([1, 3]), draw.choice(RESIZES)
        with time_limit() as seconds:
            try:
                image = FittedImages((8, 6, channels), resize).read(path)
            except DataError as error:
                one_line = error.message.startswith(f"{path}: ") and error.message.isprintable()
                return Report("refused", seconds(), None if one_line else repr(error.message))
        is_right = image.shape == (8, 6, channels) and image.dtype == np.uint8
        return Report("read", seconds(), None if is_right else f"{image.shape} {image.dtype}")


if __name__ == "__main__":
    sys.exit(run_cases(__doc__, run_case))
