"""Transparent pixels become white, and their hidden color never shows."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image.read import read_image


@pytest.fixture
def picture() -> np.ndarray:
    """Return stripes of gray on the key color, black, which is transparent."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:, ::4] = pixels[:, 1::4] = 190
    return pixels


def as_rgba(pixels: np.ndarray) -> np.ndarray:
    alpha = np.where(pixels.any(axis=-1, keepdims=True), 255, 0).astype(np.uint8)
    return np.concatenate([pixels, alpha], axis=-1)


@pytest.mark.parametrize("size", [(64, 64), (16, 16), (100, 30)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_key_color_is_not_blended_into_its_neighbors(
    tmp_path, write_png, picture, size, channels
) -> None:
    write_png(tmp_path / "key.png", picture, key=bytes(6))
    write_png(tmp_path / "gray.png", picture[..., 0], key=bytes(2))
    Image.fromarray(as_rgba(picture)).save(tmp_path / "rgba.png")
    rgba = read_image(tmp_path / "rgba.png", size, channels)
    assert (read_image(tmp_path / "key.png", size, channels) == rgba).all()
    assert (read_image(tmp_path / "gray.png", size, channels) == rgba).all()
    assert 215 < rgba.mean() < 230
    assert rgba.min() >= 190


def test_a_key_color_of_sixteen_bits(tmp_path, write_png, picture) -> None:
    deep = picture.astype(np.uint16) * 257
    deep[0, 0] = 255  # differs from the key in the lower byte only, which is what tells them apart
    for name, pixels, key in (("colors", deep, bytes(6)), ("gray", deep[..., 0], bytes(2))):
        write_png(tmp_path / f"{name}.png", pixels, key)
        read = read_image(tmp_path / f"{name}.png", None, 3)
        shallow = np.where(picture.any(axis=-1, keepdims=True), picture, 255)
        shallow[0, 0] = 0
        assert abs(read.astype(int) - shallow).max() <= 1


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_key_color_of_few_bits(tmp_path, bits) -> None:
    gray = Image.fromarray((np.arange(16).reshape(4, 4) >= 8).astype(np.uint8) * 255)
    image = gray.convert("1") if bits == 1 else gray.quantize(2)
    image.save(tmp_path / "image.png", bits=bits, transparency=image.getpixel((0, 0)))
    assert (read_image(tmp_path / "image.png", None, 1)[:2] == 255).all()


@pytest.mark.parametrize("suffix", ["png", "webp", "tif", "gif"])
def test_hidden_colors_do_not_show(tmp_path, picture, suffix) -> None:
    image = Image.fromarray(as_rgba(picture))
    options = {"lossless": True} if suffix == "webp" else {}
    image.save(tmp_path / f"image.{suffix}", **options)
    read = read_image(tmp_path / f"image.{suffix}", (16, 16), 3)
    assert read.min() >= 188


def test_half_transparent_pixels_are_mixed_with_white(tmp_path) -> None:
    Image.new("RGBA", (4, 4), (0, 100, 200, 128)).save(tmp_path / "image.png")
    read = read_image(tmp_path / "image.png", (2, 2), 3)
    assert read[0, 0].tolist() == [127, 177, 227]
    Image.new("LA", (4, 4), (100, 128)).save(tmp_path / "gray.png")
    assert read_image(tmp_path / "gray.png", (2, 2), 1)[0, 0].tolist() == [177]
