from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.data.images import find_images, read_image
from kcnn.errors import DataError


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_colours_come_back(tmp_path, pixels, suffix) -> None:
    path = tmp_path / f"image.{suffix}"
    Image.fromarray(pixels).save(path)
    assert (read_image(path, None, 3) == pixels).all()
    grey = read_image(path, None, 1)
    assert grey.shape == (6, 4, 1)
    assert (grey[..., 0] == np.asarray(Image.fromarray(pixels).convert("L"))).all()


def test_resizes_to_height_and_width(tmp_path, pixels) -> None:
    Image.fromarray(pixels).save(tmp_path / "image.png")
    resized = read_image(tmp_path / "image.png", (3, 8), 3)
    expected = Image.fromarray(pixels).resize((8, 3), Image.Resampling.BILINEAR)
    assert (resized == np.asarray(expected)).all()


def test_transparency_is_laid_on_white(tmp_path) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (10, 20, 30, 255))
    image.save(tmp_path / "image.png")
    assert read_image(tmp_path / "image.png", None, 3).tolist() == [[[255] * 3, [10, 20, 30]]]


def test_sixteen_bits_are_scaled_not_clipped(tmp_path) -> None:
    Image.fromarray(np.array([[0, 256, 65535]], np.uint16)).save(tmp_path / "image.png")
    assert read_image(tmp_path / "image.png", None, 1).ravel().tolist() == [0, 1, 255]


def test_first_frame_of_a_gif(tmp_path) -> None:
    red, blue = Image.new("RGB", (2, 2), "red"), Image.new("RGB", (2, 2), "blue")
    red.save(tmp_path / "image.gif", save_all=True, append_images=[blue])
    assert read_image(tmp_path / "image.gif", None, 3)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK"])
def test_modes(tmp_path, pixels, mode) -> None:
    suffix = "jpg" if mode == "CMYK" else "png"
    Image.fromarray(pixels).convert(mode).save(tmp_path / f"image.{suffix}")
    for channels in (1, 3):
        image = read_image(tmp_path / f"image.{suffix}", None, channels)
        assert image.shape == (6, 4, channels)
        assert image.dtype == np.uint8


def test_exif_turns_the_image_upright(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 4)).save(tmp_path / "image.jpg", exif=exif)
    assert read_image(tmp_path / "image.jpg", None, 3).shape == (8, 4, 3)


def test_an_image_too_large_to_be_safe(tmp_path, monkeypatch) -> None:
    Image.new("L", (30, 40)).save(tmp_path / "image.png")
    for limit in (1000, 10):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(DataError, match=f"more than {limit:,} pixels"):
            read_image(tmp_path / "image.png", None, 1)


def test_damaged_files(tmp_path, pixels) -> None:
    Image.fromarray(pixels).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    for name, damaged, message in [
        ("empty.png", b"", "an empty file"),
        ("text.png", b"some text", "not a PNG, JPEG, BMP or GIF image"),
        ("cut.png", content[:60], "a damaged or cut off PNG image"),
    ]:
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(DataError, match=f"{name}: {message}"):
            read_image(tmp_path / name, None, 3)
    with pytest.raises(DataError, match=r"gone\.png: no such file"):
        read_image(tmp_path / "gone.png", None, 3)
    with pytest.raises(DataError, match="cannot be read"):
        read_image(tmp_path, None, 3)


def test_find_images(tmp_path) -> None:
    for name in ("b/2.PNG", "b/1.jpeg", "a.gif", ".hidden/x.png", "b/.x.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    single = tmp_path / "notes.txt"
    expected = [single, tmp_path / "a.gif", tmp_path / "b/1.jpeg", tmp_path / "b/2.PNG"]
    assert find_images([single, tmp_path]) == expected


def test_find_images_where_there_are_none(tmp_path) -> None:
    with pytest.raises(DataError, match="no PNG, JPEG, BMP or GIF images in this folder"):
        find_images([tmp_path])
    with pytest.raises(DataError, match="gone: no such file or folder"):
        find_images([Path(tmp_path / "gone")])
