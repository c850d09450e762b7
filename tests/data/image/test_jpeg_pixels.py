"""JPEG images decoded at a fraction of their size."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image.formats import JPEG, ImageError
from kcnn.data.image.header import Header
from kcnn.data.image.jpeg_pixels import choose_denominator
from kcnn.data.image.read import read_image, read_into


@pytest.fixture
def photo() -> Image.Image:
    """Return smooth shapes with some noise, as a photo has."""
    random = np.random.default_rng(0)
    blobs = Image.fromarray(random.integers(0, 256, (15, 20, 3)).astype(np.uint8))
    large = np.asarray(blobs.resize((1201, 907), Image.Resampling.BICUBIC)).astype(int)
    noisy = large + random.normal(0, 3, (*large.shape[:2], 1)).astype(int)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("size", [(900, 1200), (453, 600), (226, 300), (100, 130), (30, 20)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_near_those_of_a_full_decode(tmp_path, photo, size, channels) -> None:
    path = tmp_path / "photo.jpg"
    photo.save(path, quality=92)
    read = read_image(path, size, channels).astype(int)
    full = Image.open(path).resize(size[::-1], Image.Resampling.BILINEAR, reducing_gap=4.0)
    difference = abs(read[..., 0] - np.asarray(full.convert("L")) if channels == 1 else read - full)
    assert difference.max() <= 6
    assert difference.mean() < 0.8


def test_a_full_decode_equals_pillow(tmp_path, photo) -> None:
    for subsampling in (0, 1, 2):
        photo.save(tmp_path / "photo.jpg", subsampling=subsampling)
        with Image.open(tmp_path / "photo.jpg") as image:
            assert (read_image(tmp_path / "photo.jpg", None, 3) == np.asarray(image)).all()


def test_cmyk_is_read_at_a_fraction_too(tmp_path, photo) -> None:
    photo.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    photo.save(tmp_path / "rgb.jpg", quality=95)
    cmyk, colors = (read_image(tmp_path / name, (90, 120), 3) for name in ("cmyk.jpg", "rgb.jpg"))
    assert abs(cmyk.astype(int) - colors).mean() < 3


def test_a_file_with_bytes_too_many_is_read_as_pillow_does(tmp_path, photo) -> None:
    photo.save(tmp_path / "photo.jpg")
    content = (tmp_path / "photo.jpg").read_bytes()
    (tmp_path / "odd.jpg").write_bytes(content[:-2] + bytes(5) + content[-2:])
    whole = read_image(tmp_path / "photo.jpg", (226, 300), 3)
    assert (read_image(tmp_path / "odd.jpg", (226, 300), 3) == whole).all()


@pytest.mark.parametrize(
    ("ratio", "denominator"),
    [(None, 1), (1.5, 1), (0.6, 1), (0.5, 2), (0.26, 2), (0.25, 4), (0.1, 8)],
)
def test_fraction_has_at_least_the_pixels_that_are_wanted(ratio, denominator) -> None:
    assert choose_denominator(Header(JPEG, 800, 600, "RGB"), ratio) == denominator


def test_a_narrow_image_is_not_made_narrower_than_eight_pixels() -> None:
    sides = {
        side: choose_denominator(Header(JPEG, 2000, side, "RGB"), 0.1) for side in (15, 16, 63)
    }
    assert sides == {15: 1, 16: 2, 63: 4}


def test_a_huge_photo_is_read_at_a_fraction_only() -> None:
    huge = Header(JPEG, 16_320, 12_240, "RGB")
    assert choose_denominator(huge, 0.02) == 8
    with pytest.raises(ImageError, match="more than 67,108,864 pixels"):
        choose_denominator(huge, None)


def test_threads_read_the_same_and_leave_warnings_as_they_are(tmp_path, photo) -> None:
    names = ["a.jpg", "b.png", "c.gif", "d.webp", "e.tif"]
    for name in names:
        photo.save(tmp_path / name)
    paths = [tmp_path / name for name in names] * 8
    alone = [read_image(path, (40, 50), 3) for path in paths]
    before = list(warnings.filters)
    out = np.empty((len(paths), 40, 50, 3), np.uint8)
    with ThreadPoolExecutor(4) as threads:
        sizes = set(threads.map(read_into, out, paths))
    assert (out == np.stack(alone)).all()
    assert sizes == {(907, 1201)}
    assert warnings.filters == before
