"""Pictures that differ as photos do, and files of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Photo = Callable[..., Image.Image]


@pytest.fixture
def photo() -> Photo:
    """Make a picture with large and small shapes, another for each number."""

    def make(number: int, size: tuple[int, int] = (96, 80)) -> Image.Image:
        generator = np.random.default_rng(number)
        picture = np.zeros((size[1], size[0], 3))
        for cells in (3, 6, 12, 24):
            colors = generator.integers(0, 256, (cells, cells, 3), dtype=np.uint8)
            layer = Image.fromarray(colors).resize(size, Image.Resampling.BICUBIC)
            picture += np.asarray(layer) / 4
        return Image.fromarray(picture.astype(np.uint8))

    return make


@pytest.fixture
def photos(tmp_path: Path, photo: Photo) -> Path:
    """Write 12 photos of each of two classes for training, and 3 for the test."""
    number = 0
    for part, count in (("train", 12), ("test", 3)):
        for name in ("cat", "dog"):
            folder = tmp_path / "photos" / part / name
            folder.mkdir(parents=True)
            for index in range(count):
                photo(number).save(folder / f"{index:02d}.png")
                number += 1
    return tmp_path / "photos"
