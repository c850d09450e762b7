"""Looking at image files of every format: what is said of whole ones, and of damaged ones."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image import inspection, limits
from kcnn.data.image.inspection import inspect_image
from kcnn.errors import DataError

NAMES = {"jpg": "JPEG", "png": "PNG", "bmp": "BMP", "gif": "GIF", "webp": "WebP", "tif": "TIFF"}


def write(path: Path, mode: str = "RGB", size: tuple[int, int] = (60, 40), **options) -> Path:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(noise).convert(mode).save(path, **options)
    return path


@pytest.mark.parametrize("suffix", NAMES)
@pytest.mark.parametrize("size", [(60, 40), (900, 500)], ids=["small", "large"])
def test_knows_format_and_size(tmp_path, suffix, size) -> None:
    path = write(tmp_path / f"image.{suffix}", size=size)
    facts = inspect_image(path)
    assert (facts.format, facts.width, facts.height) == (NAMES[suffix], *size)
    assert facts.frames == 1
    assert facts.bytes == path.stat().st_size
    assert facts.mtime_ns == path.stat().st_mtime_ns


@pytest.mark.parametrize(
    ("suffix", "modes"),
    [
        ("png", ("1", "L", "LA", "P", "RGB", "RGBA")),
        ("jpg", ("L", "RGB", "CMYK")),
        ("webp", ("RGB",)),
        ("tif", ("1", "L", "RGB", "RGBA", "CMYK")),
        ("bmp", ("1", "RGB")),
    ],
)
def test_knows_the_mode(tmp_path, suffix, modes) -> None:
    for mode in modes:
        assert inspect_image(write(tmp_path / f"image.{suffix}", mode)).mode == mode


def test_knows_transparency_of_webp(tmp_path) -> None:
    for lossless in (False, True):
        path = tmp_path / "image.webp"
        Image.new("RGBA", (8, 8), (1, 2, 3, 4)).save(path, lossless=lossless)
        assert inspect_image(path).mode == "RGBA"


def test_knows_sixteen_bits(tmp_path) -> None:
    for suffix in ("png", "tif"):
        Image.fromarray(np.zeros((2, 3), np.uint16)).save(tmp_path / f"image.{suffix}")
        assert inspect_image(tmp_path / f"image.{suffix}").mode == "I;16"


@pytest.mark.parametrize("suffix", ["gif", "tif", "webp", "png"])
def test_counts_frames(tmp_path, suffix) -> None:
    frames = [Image.new("RGB", (9, 7), color) for color in ("red", "green", "blue")]
    path = tmp_path / f"image.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert inspect_image(path).frames == 3


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_width_and_height_are_those_of_the_upright_image(tmp_path, suffix, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    facts = inspect_image(write(tmp_path / f"image.{suffix}", exif=exif))
    assert (facts.width, facts.height) == ((40, 60) if orientation > 4 else (60, 40))


def test_format_is_told_by_first_bytes_and_not_by_the_name(tmp_path) -> None:
    write(tmp_path / "image.webp").rename(tmp_path / "image.jpg")
    assert inspect_image(tmp_path / "image.jpg").format == "WebP"


@pytest.mark.parametrize("suffix", NAMES)
@pytest.mark.parametrize("size", [(60, 40), (900, 500)], ids=["small", "large"])
def test_finds_a_file_that_is_cut_off(tmp_path, suffix, size) -> None:
    # The thumbnail in Exif has an end of its own.
    thumbnail = BytesIO()
    Image.new("RGB", (16, 16)).save(thumbnail, "JPEG")
    exif = {"exif": b"Exif\0\0" + thumbnail.getvalue()} if suffix == "jpg" else {}
    path = write(tmp_path / f"image.{suffix}", size=size, **exif)
    content = path.read_bytes()
    for count in {13, 30, len(content) // 2, len(content) - 5}:
        path.write_bytes(content[:count])
        with pytest.raises(DataError, match=f"{path}: a .*(cut off|damaged)"):
            inspect_image(path)


def test_accepts_what_phones_append_to_a_photo(tmp_path) -> None:
    path = write(tmp_path / "photo.jpg", size=(900, 500))
    whole = inspect_image(path)
    path.write_bytes(path.read_bytes() + bytes(200_000))
    assert inspect_image(path).width == whole.width


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"some text", "text, not a PNG, JPEG, BMP, GIF, WebP, TIFF or HEIC image"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        (b'<?xml version="1.0"?><svg>', "an SVG drawing"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "an AVIF image"),
        (bytes(100), "not a PNG, JPEG, BMP, GIF, WebP, TIFF or HEIC image"),
    ],
)
def test_says_what_a_file_is_that_is_no_image(tmp_path, content, message) -> None:
    (tmp_path / "image.jpg").write_bytes(content)
    with pytest.raises(DataError, match=f"image.jpg: {message}"):
        inspect_image(tmp_path / "image.jpg")


def test_refuses_an_image_that_is_too_large(tmp_path, monkeypatch) -> None:
    path = write(tmp_path / "image.png")
    monkeypatch.setattr(limits, "MAX_PIXELS", 2399)
    with pytest.raises(DataError, match="more than 2,399 pixels"):
        inspect_image(path)


def test_accepts_photos_of_200_megapixels(tmp_path) -> None:
    path = tmp_path / "photo.jpg"
    write(path)
    content = bytearray(path.read_bytes())
    at = content.index(b"\xff\xc0")
    content[at + 5 : at + 9] = (12_240).to_bytes(2, "big") + (16_320).to_bytes(2, "big")
    path.write_bytes(content)
    facts = inspect_image(path)
    assert (facts.width, facts.height) == (16_320, 12_240)
    content[at + 1] = 0xC2  # progressive
    path.write_bytes(content)
    with pytest.raises(DataError, match="more than 67,108,864 pixels"):
        inspect_image(path)


@pytest.mark.parametrize("size", [1000, inspection.WHOLE + 100_000])
def test_digest_is_of_the_content(tmp_path, size) -> None:
    first = write(tmp_path / "first.png")
    content = first.read_bytes()
    first.write_bytes(content + bytes(size) + content)
    second = tmp_path / "second.png"
    second.write_bytes(first.read_bytes())
    assert inspect_image(first).digest == inspect_image(second).digest
    second.write_bytes(content + bytes(size + 1) + content)
    assert inspect_image(first).digest != inspect_image(second).digest
    second.write_bytes(content + bytes(size) + content[:-1] + b"\0")
    assert inspect_image(first).digest != inspect_image(second).digest


@pytest.mark.parametrize("part", [b"\xff\xe1\x00\x0aExif\0\0\0\0", b"\xff\xda\x00\x02"])
def test_refuses_thousands_of_parts(tmp_path, part) -> None:
    path = write(tmp_path / "image.jpg")
    content = path.read_bytes()
    path.write_bytes(content[:2] + 3000 * part + content[2:])
    with pytest.raises(DataError, match="more parts than a photograph has"):
        inspect_image(path)


def test_any_bytes_give_facts_or_a_data_error(tmp_path) -> None:
    random = np.random.default_rng(0)
    for suffix in NAMES:
        path = write(tmp_path / f"image.{suffix}", size=(20, 10))
        content = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(60):
            damaged = content.copy()
            damaged[random.integers(0, min(200, len(content)), 3)] = random.integers(0, 256, 3)
            path.write_bytes(damaged.tobytes()[: random.integers(1, len(content) + 1)])
            try:
                inspect_image(path)
            except DataError as error:
                assert error.hint


def test_never_waits_for_a_pipe(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(DataError, match="is a pipe or a device"):
        inspect_image(tmp_path / "pipe.jpg")
