"""Images of another shape: stretched, with borders, or cropped."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image.read import read_image, read_image_and_size


def save(path, orientation: int = 1, size: tuple[int, int] = (400, 100)) -> np.ndarray:
    """Save a wide image: red, green, green, blue, from left to right."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    for quarter, band in enumerate((0, 1, 1, 2)):
        pixels[:, quarter * width // 4 : (quarter + 1) * width // 4, band] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(path, exif=exif, **({"quality": 98} if "jpg" in str(path) else {}))
    return pixels


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_crop_takes_the_middle(tmp_path, suffix) -> None:
    save(tmp_path / f"image.{suffix}")
    image, own = read_image_and_size(tmp_path / f"image.{suffix}", (20, 40), 3, "crop")
    assert own == (100, 400)
    assert image.shape == (20, 40, 3)
    assert image[..., 1].min() > 180  # green only
    assert image[..., (0, 2)].max() < 80


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_fit_keeps_all_with_black_borders(tmp_path, suffix) -> None:
    save(tmp_path / f"image.{suffix}")
    image = read_image(tmp_path / f"image.{suffix}", (40, 40), 3, "fit")
    assert not image[:15].any() and not image[25:].any()
    assert image[20, 3, 0] > 200 and image[20, 20, 1] > 200 and image[20, 36, 2] > 200
    assert image[15:25].any(axis=(1, 2)).all()


@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_images_that_lie_on_their_side(tmp_path, suffix) -> None:
    path = tmp_path / f"image.{suffix}"
    save(path, orientation=6)
    fitted = read_image(path, (40, 40), 3, "fit")
    assert not fitted[:, :15].any() and not fitted[:, 25:].any()
    assert fitted[3, 20, 0] > 200 and fitted[36, 20, 2] > 200  # red is above
    cropped = read_image(path, (40, 20), 3, "crop")
    assert cropped[..., 1].min() > 180


@pytest.mark.parametrize("resize", ["fit", "crop", "stretch"])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 3), (64, 64), (500, 2)])
@pytest.mark.parametrize("own", [(1, 1), (3, 1000), (33, 65), (500, 2)])
def test_any_size_from_any_size(tmp_path, resize, size, own) -> None:
    for suffix in ("jpg", "png"):
        path = tmp_path / f"image.{suffix}"
        Image.new("RGB", own, (200, 100, 50)).save(path)
        image = read_image(path, size, 3, resize)
        assert image.shape == (*size, 3)
        assert abs(image.astype(int) - (200, 100, 50)).max(axis=-1).min() <= 3


def test_a_square_image_is_the_same_in_any_way(tmp_path) -> None:
    save(tmp_path / "image.png", size=(80, 80))
    ways = [
        read_image(tmp_path / "image.png", (30, 30), 3, way) for way in ("stretch", "fit", "crop")
    ]
    assert (ways[0] == ways[1]).all() and (ways[0] == ways[2]).all()
