from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.data.fitted_images import FittedImages
from kcnn.data.image.read import read_image
from kcnn.recipe.data_settings import Resize


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """Write a photo that has the shape already, wide ones, and one that is narrow and low."""
    rng = np.random.default_rng(0)
    paths = []
    for width, height in ((20, 20), (64, 32), (60, 20), (4, 40)):
        pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
        paths.append(tmp_path / f"{width}x{height}.png")
        Image.fromarray(pixels).save(paths[-1])
    return paths


@pytest.mark.parametrize(
    ("resize", "changed", "enlarged"),
    [
        ("stretch", "stretched to", ["4x40.png"]),
        ("fit", "fitted with black borders into", []),
        ("crop", "cropped to", ["4x40.png"]),
    ],
)
def test_resizes_as_the_training_did(
    photos: list[Path], resize: Resize, changed: str, enlarged: list[str], notes
) -> None:
    fitted = FittedImages((10, 10, 3), resize)
    (batch,) = fitted.batches(photos, 10)
    for pixels, path in zip(batch, photos, strict=True):
        np.testing.assert_array_equal(pixels, read_image(path, (10, 10), 3, resize))
    fitted.report(notes)
    first = f"3 images {changed} the model's 10x10 (first {photos[1]}, 64x32)"
    more = [f"1 image enlarged to the model's 10x10 ({photos[3]}, 4x40)"] if enlarged else []
    assert notes.lines == [first, *more]


def test_small_images_with_borders_are_enlarged_if_both_sides_are_smaller(
    tmp_path: Path, notes
) -> None:
    Image.new("L", (4, 2)).save(tmp_path / "small.png")
    fitted = FittedImages((10, 10, 1), "fit")
    fitted.read(tmp_path / "small.png")
    fitted.report(notes)
    assert [text.split(" the ")[0] for text in notes.lines] == [
        "1 image fitted with black borders into",
        "1 image enlarged to",
    ]


def test_images_of_the_models_size_are_not_reported(photos: list[Path], notes) -> None:
    fitted = FittedImages((20, 20, 3), "crop")
    fitted.read(photos[0])
    fitted.report(notes)
    assert notes.lines == []
