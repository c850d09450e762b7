from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from kcnn.data.image import limits, source
from kcnn.data.image.read import read_image, read_image_and_size
from kcnn.errors import DataError


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 4, 3)).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_reads_colors(tmp_path, pixels, suffix) -> None:
    path = tmp_path / f"image.{suffix}"
    Image.fromarray(pixels).save(path)
    assert (read_image(path, None, 3) == pixels).all()
    gray = read_image(path, None, 1)
    assert gray.shape == (6, 4, 1)
    assert (gray[..., 0] == np.asarray(Image.fromarray(pixels).convert("L"))).all()


def test_resizes_to_height_and_width(tmp_path, pixels) -> None:
    Image.fromarray(pixels).save(tmp_path / "image.png")
    resized = read_image(tmp_path / "image.png", (3, 8), 3)
    expected = Image.fromarray(pixels).resize((8, 3), Image.Resampling.BILINEAR)
    assert (resized == np.asarray(expected)).all()


def test_transparent_pixels_become_white(tmp_path) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (10, 20, 30, 255))
    image.save(tmp_path / "image.png")
    assert read_image(tmp_path / "image.png", None, 3).tolist() == [[[255] * 3, [10, 20, 30]]]


def test_sixteen_bits_are_scaled_not_clipped(tmp_path) -> None:
    Image.fromarray(np.array([[0, 256, 65535]], np.uint16)).save(tmp_path / "image.png")
    assert read_image(tmp_path / "image.png", None, 1).ravel().tolist() == [0, 1, 255]


def test_reads_the_first_frame_of_a_gif(tmp_path) -> None:
    red, blue = Image.new("RGB", (2, 2), "red"), Image.new("RGB", (2, 2), "blue")
    red.save(tmp_path / "image.gif", save_all=True, append_images=[blue])
    assert read_image(tmp_path / "image.gif", None, 3)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK"])
def test_reads_every_color_mode(tmp_path, pixels, mode) -> None:
    suffix = "jpg" if mode == "CMYK" else "png"
    Image.fromarray(pixels).convert(mode).save(tmp_path / f"image.{suffix}")
    for channels in (1, 3):
        image = read_image(tmp_path / f"image.{suffix}", None, channels)
        assert image.shape == (6, 4, channels)
        assert image.dtype == np.uint8


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize(("size", "of_small"), [((8, 4), 1), ((800, 400), 100)])
def test_applies_the_exif_orientation(tmp_path, size, of_small, suffix) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", size, "white")
    image.paste("black", (0, 0, size[0] // 2, size[1]))
    image.save(tmp_path / f"image.{suffix}", exif=exif)
    assert read_image(tmp_path / f"image.{suffix}", None, 3).shape == (*size, 3)
    small, own_size = read_image_and_size(tmp_path / f"image.{suffix}", (8, 4), 1)
    assert own_size == size
    assert small[:4].max() < 60 and small[4:].min() > 195  # the left half is above


@pytest.mark.parametrize("exif", [b"Exif\0\0no header of Exif", b"Exif\0\0MM\0*\0"])
def test_ignores_invalid_exif(tmp_path, pixels, exif) -> None:
    for suffix in ("jpg", "png"):
        Image.fromarray(pixels).save(tmp_path / f"plain.{suffix}")
        Image.fromarray(pixels).save(tmp_path / f"odd.{suffix}", exif=exif)
        plain = read_image(tmp_path / f"plain.{suffix}", (3, 8), 3)
        assert (read_image(tmp_path / f"odd.{suffix}", (3, 8), 3) == plain).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_equals_pillow(tmp_path, pixels, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "image.png", exif=exif)
    with Image.open(tmp_path / "image.png") as image:
        upright = np.asarray(ImageOps.exif_transpose(image))
    read, own_size = read_image_and_size(tmp_path / "image.png", None, 3)
    assert (read == upright).all()
    assert own_size == upright.shape[:2]


def test_refuses_a_truncated_image_with_any_exif(tmp_path, pixels) -> None:
    for suffix in ("jpg", "png"):
        file = tmp_path / f"image.{suffix}"
        Image.fromarray(pixels.repeat(40, 0).repeat(40, 1)).save(file, exif=b"Exif\0\0odd")
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
        with pytest.raises(DataError, match="image that is cut off"):
            read_image(file, (8, 8), 3)


def test_refuses_a_damaged_png(tmp_path) -> None:
    """Pillow reports the damage only once, when it reads to the end for Exif data."""
    gradient = np.indices((64, 64)).sum(axis=0).astype(np.uint8)
    path = tmp_path / "damaged.png"
    Image.fromarray(gradient).save(path)
    content = path.read_bytes()
    data = content.index(b"IDAT") + 4
    for index in range(data + 10, len(content) - 20, 7):
        path.write_bytes(content[:index] + bytes([content[index] ^ 0xFF]) + content[index + 1 :])
        with pytest.raises(DataError, match="a damaged or cut off PNG image"):
            read_image(path, (16, 16), 1)


def test_large_image_is_resized_in_two_steps_without_loss(tmp_path) -> None:
    random = np.random.default_rng(0)
    blobs = Image.fromarray(random.integers(0, 256, (12, 9, 3)).astype(np.uint8))
    large = blobs.resize((900, 1200), Image.Resampling.BICUBIC)
    for mode in ("RGB", "L", "RGBA", "P"):
        large.convert(mode).save(tmp_path / "image.png")
        small = read_image(tmp_path / "image.png", (24, 18), 3).astype(int)
        plain = large.convert(mode).convert("RGB").resize((18, 24), Image.Resampling.BILINEAR)
        assert abs(small - np.asarray(plain)).max() <= 1


def test_refuses_an_image_that_is_too_large(tmp_path, monkeypatch) -> None:
    Image.new("L", (30, 40)).save(tmp_path / "image.png")
    with monkeypatch.context() as patch:
        patch.setattr(limits, "MAX_PIXELS", 1199)
        with pytest.raises(DataError, match="more than 1,199 pixels"):
            read_image(tmp_path / "image.png", None, 1)
    # Pillow's own limit does not count.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert read_image(tmp_path / "image.png", None, 1).shape == (40, 30, 1)


READ = """\
import sys
from pathlib import Path
from kcnn.data.image.read import read_image
read_image(Path(sys.argv[1]), (8, 8), 3)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory of Linux")
def test_largest_allowed_image_needs_less_than_500_megabytes(tmp_path) -> None:
    bomb = tmp_path / "bomb.png"
    Image.new("RGBA", (8192, 6144)).save(bomb, compress_level=1)
    assert bomb.stat().st_size < 1_000_000
    done = subprocess.run([sys.executable, "-c", READ, bomb], capture_output=True, check=True)
    assert int(done.stdout) < 500_000  # kB


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory of Linux")
@pytest.mark.slow
def test_photo_of_200_megapixels_needs_less_than_500_megabytes(tmp_path) -> None:
    """One that is made of a single color, a bomb, and such as the largest telephones take."""
    photo = tmp_path / "photo.jpg"
    Image.new("RGB", (16_320, 12_240), "red").save(photo)
    done = subprocess.run([sys.executable, "-c", READ, photo], capture_output=True, check=True)
    assert int(done.stdout) < 500_000  # kB


def test_refuses_too_many_bytes_or_too_long_a_side(tmp_path, monkeypatch) -> None:
    Image.new("1", (65_536, 1)).save(tmp_path / "long.png")
    with pytest.raises(DataError, match="or than 65,535 in a row, too large to be safe to open"):
        read_image(tmp_path / "long.png", (8, 8), 3)
    monkeypatch.setattr(source, "MAX_FILE_BYTES", 50)
    with pytest.raises(DataError, match=r"long\.png: more than 50 bytes"):
        read_image(tmp_path / "long.png", (8, 8), 3)


@pytest.mark.parametrize("part", [b"\xff\xe1\x00\x0aExif\0\0\0\0", b"\xff\xda\x00\x02"])
def test_refuses_an_image_of_thousands_of_parts(tmp_path, pixels, part) -> None:
    Image.fromarray(pixels).save(tmp_path / "image.jpg")
    content = (tmp_path / "image.jpg").read_bytes()
    (tmp_path / "image.jpg").write_bytes(content[:2] + 2000 * part + content[2:])
    with pytest.raises(DataError, match="a JPEG image of more parts than a photograph has"):
        read_image(tmp_path / "image.jpg", (8, 8), 3)


def test_hides_warnings_of_pillow(tmp_path, pixels, recwarn) -> None:
    file = tmp_path / "image.png"
    Image.fromarray(pixels).save(file, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\xff")
    assert read_image(file, None, 3).shape == pixels.shape
    assert not recwarn.list


def test_refuses_what_is_not_a_file(tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "itself.png").symlink_to("itself.png")
    for path, message in [
        (tmp_path / "pipe.png", "is a pipe or a device, expected an image file"),
        (Path("/dev/zero"), "is a pipe or a device, expected an image file"),
        (tmp_path, "is a folder, expected an image file"),
        (tmp_path / "itself.png", "cannot be read: Too many levels of symbolic links"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ]:
        with pytest.raises(DataError, match=f"{path}: {message}"):
            read_image(path, None, 3)


def test_refuses_damaged_files(tmp_path, pixels) -> None:
    Image.fromarray(pixels).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    for name, damaged, message in [
        ("empty.png", b"", "an empty file"),
        ("text.png", b"some text", "text, not a PNG, JPEG, BMP, GIF, WebP, TIFF or HEIC image"),
        ("cut.png", content[:60], "a PNG image that is cut off"),
    ]:
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(DataError, match=f"{name}: {message}"):
            read_image(tmp_path / name, None, 3)
    with pytest.raises(DataError, match=r"gone\.png: no such file"):
        read_image(tmp_path / "gone.png", None, 3)


def test_a_webp_called_jpg_is_read_as_webp(tmp_path, pixels) -> None:
    Image.fromarray(pixels).save(tmp_path / "image.webp", lossless=True)
    (tmp_path / "image.webp").rename(tmp_path / "image.jpg")
    assert (read_image(tmp_path / "image.jpg", None, 3) == pixels).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_of_jpeg_tiff_and_webp(tmp_path, orientation) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    blobs = np.random.default_rng(0).integers(0, 256, (4, 6, 3)).astype(np.uint8)
    large = Image.fromarray(blobs).resize((180, 120), Image.Resampling.BICUBIC)
    for suffix in ("jpg", "tif", "webp"):
        file = tmp_path / f"image.{suffix}"
        large.save(file, exif=exif)
        with Image.open(file) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
        read, own_size = read_image_and_size(file, (40, 30), 3)
        assert own_size == upright.size[::-1]
        expected = np.asarray(upright.resize((30, 40), Image.Resampling.BILINEAR))
        assert abs(read.astype(int) - expected).mean() < 1.5
