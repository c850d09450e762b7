"""Damages image files and reads them as `kcnn predict` does.

    python tests/fuzz/images.py --cases 100000 --workers 2

Each case is a small PNG, JPEG, GIF or BMP file with some of its bytes changed. It is read and
brought to a model's size, or refused with one line that begins with the file's name, within 2
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
from harness import Report, at_most, run_cases
from mutations import mutate_bytes
from PIL import Image

from kcnn.data.fitted_images import FittedImages
from kcnn.errors import DataError


@cache
def sound_files() -> tuple[bytes, ...]:
    """Makes an image of each kind that a file may hold."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    colour = Image.fromarray(pixels)
    clear = colour.copy()
    clear.putalpha(colour.convert("L"))
    deep = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257)
    upright = Image.Exif()
    upright[0x0112] = 6
    frames = {"save_all": True, "append_images": [colour.rotate(90)], "duration": 10}
    return tuple(
        _encoded(image, **options)
        for image, options in (
            *((colour.convert(mode), {"format": "PNG"}) for mode in ("1", "L", "LA", "P", "RGB")),
            *((colour.convert(mode), {"format": "BMP"}) for mode in ("1", "L", "P", "RGB")),
            *((colour.convert(mode), {"format": "JPEG"}) for mode in ("L", "RGB", "CMYK")),
            *((image, {"format": "GIF"}) for image in (colour, colour.convert("L"), clear)),
            (clear, {"format": "PNG"}),
            (deep, {"format": "PNG"}),
            (colour.quantize(), {"format": "PNG", "transparency": 3}),
            (colour, {"format": "JPEG", "progressive": True, "exif": upright}),
            (colour, {"format": "GIF", **frames}),
            (colour, {"format": "PNG", **frames}),
        )
    )


def _encoded(image: Image.Image, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, **options)
    return file.getvalue()


def run_case(number: int) -> Report:
    """Reads the damaged image of this number."""
    draw = random.Random(number)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / draw.choice(["image.png", "image.jpg", "image.gif", "image"])
        path.write_bytes(mutate_bytes(draw.choice(sound_files()), draw))
        channels = draw.choice([1, 3])
        with at_most() as seconds:
            try:
                image = FittedImages(8, 6, channels).read(path)
            except DataError as error:
                one_line = error.message.startswith(f"{path}: ") and error.message.isprintable()
                return Report("refused", seconds(), None if one_line else repr(error.message))
        right = image.shape == (8, 6, channels) and image.dtype == np.uint8
        return Report("read", seconds(), None if right else f"{image.shape} {image.dtype}")


if __name__ == "__main__":
    sys.exit(run_cases(__doc__, run_case))
