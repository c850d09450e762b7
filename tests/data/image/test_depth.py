"""More than eight bits: scaled by the bits that are used, alike in gray and in colors."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image.inspection import inspect_image
from kcnn.data.image.read import read_image
from kcnn.errors import DataError


def ramp(bits: int, shape: tuple[int, ...] = (4, 64)) -> np.ndarray:
    """Return uint16 from 0 to the largest value of so many bits."""
    count = int(np.prod(shape))
    return np.linspace(0, (1 << bits) - 1, count).round().astype(np.uint16).reshape(shape)


def expected(pixels: np.ndarray, bits: int) -> np.ndarray:
    return (pixels / ((1 << bits) - 1) * 255).round()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_gray_is_scaled_by_the_bits_that_are_used(
    tmp_path, write_png, write_tiff, bits, suffix
) -> None:
    path = tmp_path / f"image.{suffix}"
    (write_png if suffix == "png" else write_tiff)(path, ramp(bits))
    gray = read_image(path, None, 1)[..., 0]
    assert abs(gray - expected(ramp(bits), bits)).max() == 0
    assert len(np.unique(gray)) == 256


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("bands", [2, 3, 4])
def test_colors_of_a_png_are_scaled_likewise(tmp_path, write_png, bits, bands) -> None:
    pixels = ramp(bits, (8, 32, bands))
    if bands != 3:
        pixels[..., -1] = 65_535  # opaque
    write_png(tmp_path / "image.png", pixels)
    read = read_image(tmp_path / "image.png", None, 3)
    colors = expected(pixels if bands == 3 else pixels[..., :-1], bits)
    assert abs(read - np.broadcast_to(colors, read.shape)).max() <= 1


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
def test_colors_of_a_tiff_are_scaled_likewise(tmp_path, write_tiff, bits, order, deflate) -> None:
    pixels = ramp(bits, (8, 32, 3))
    write_tiff(tmp_path / "image.tif", pixels, order, deflate)
    read = read_image(tmp_path / "image.tif", None, 3)
    assert abs(read - expected(pixels, bits)).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("deflate", [False, True])
def test_gray_tiff_of_either_byte_order(tmp_path, write_tiff, order, deflate) -> None:
    write_tiff(tmp_path / "image.tif", ramp(12), order, deflate)
    read = read_image(tmp_path / "image.tif", None, 1)[..., 0]
    assert (read == expected(ramp(12), 12)).all()


def test_zero_may_be_white(tmp_path, write_tiff) -> None:
    write_tiff(tmp_path / "black.tif", ramp(16))
    write_tiff(tmp_path / "white.tif", ramp(16), gray_is=0)
    black = read_image(tmp_path / "black.tif", None, 1)
    assert (read_image(tmp_path / "white.tif", None, 1) == 255 - black).all()


def test_two_images_of_one_camera_are_scaled_alike(tmp_path, write_png) -> None:
    """The darker one uses 3,000 of 4,096 values, which are twelve bits, too."""
    for name, highest in (("bright.png", 4095), ("darker.png", 3000)):
        pixels = ramp(12)
        write_png(tmp_path / name, np.minimum(pixels, highest))
    bright, darker = (read_image(tmp_path / name, None, 1) for name in ("bright.png", "darker.png"))
    assert (darker == np.minimum(bright, round(3000 / 4095 * 255))).all()


def test_an_image_of_one_value_is_read(tmp_path, write_png) -> None:
    write_png(tmp_path / "black.png", np.zeros((3, 3), np.uint16))
    assert not read_image(tmp_path / "black.png", None, 1).any()


def test_refuses_floating_point_numbers(tmp_path, write_tiff) -> None:
    write_tiff(tmp_path / "image.tif", np.zeros((4, 5), np.float32))
    with pytest.raises(DataError, match=r"image\.tif: .*floating-point numbers, whose range"):
        read_image(tmp_path / "image.tif", None, 1)
    with pytest.raises(DataError, match="floating-point numbers, whose range"):
        inspect_image(tmp_path / "image.tif")


def test_refuses_numbers_of_which_the_range_is_not_known(tmp_path) -> None:
    for values in ([[0, 70_000]], [[-1, 5]]):
        Image.fromarray(np.array(values, np.int32)).save(tmp_path / "image.tif")
        with pytest.raises(DataError, match="expected 0 to 65,535 at most"):
            read_image(tmp_path / "image.tif", None, 1)
    Image.fromarray(np.array([[0, 4095]], np.int32)).save(tmp_path / "image.tif")
    assert read_image(tmp_path / "image.tif", None, 1).ravel().tolist() == [0, 255]
