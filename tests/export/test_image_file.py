"""The reader that lies beside exported models returns the pixels that kcnn's own returns."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image.read import read_image as read_with_kcnn
from kcnn.export import image_file
from kcnn.export.image_file import read_image

# Writes what Pillow cannot write: colors of sixteen bits.
_SPEC = importlib.util.spec_from_file_location(
    "deep_images", Path(__file__).parents[1] / "data" / "image" / "conftest.py"
)
assert _SPEC is not None
assert _SPEC.loader is not None
deep_images = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(deep_images)

# Size, channels, and what happens to another aspect ratio.
WANTED = (
    ((32, 32), 3, "stretch"),
    ((28, 20), 1, "crop"),
    ((28, 20), 3, "fit"),
    ((120, 160), 1, "fit"),
    ((120, 160), 3, "crop"),
)
COLORS = np.random.default_rng(0).integers(0, 256, (61, 83, 3), dtype=np.uint8)
# Smooth, as photos are: noise would not show a wrong order of resizing and averaging.
PHOTO = Image.fromarray(COLORS).resize((165, 109), Image.Resampling.BICUBIC)
GRADIENT = Image.linear_gradient("L").resize(PHOTO.size)


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def with_alpha(image: Image.Image) -> Image.Image:
    image = image.copy()
    image.putalpha(GRADIENT)
    return image


def palette() -> Image.Image:
    return PHOTO.convert("P", palette=Image.Palette.ADAPTIVE)


def transparent(image: Image.Image) -> dict[str, object]:
    """Return the option that makes the color of one pixel transparent."""
    return {"transparency": image.getpixel((5, 5))}


def deep(factor: int) -> Image.Image:
    return Image.fromarray(np.asarray(PHOTO.convert("L")).astype(np.uint16) * factor)


# How each file is made: its name, the image, and the options of Pillow's `save`.
FILES: dict[str, tuple[Image.Image, dict[str, object]]] = {
    **{f"{o}.jpg": (PHOTO, {"exif": exif(o)}) for o in range(9)},
    **{f"{o}.png": (PHOTO, {"exif": exif(o)}) for o in (1, 6)},
    "3.webp": (PHOTO, {"exif": exif(3)}),
    "8.tif": (PHOTO, {"exif": exif(8), "compression": "tiff_lzw"}),
    "colors.jpg": (PHOTO, {"subsampling": 0}),
    "passes.jpg": (PHOTO, {"progressive": True, "quality": 60}),
    "gray.jpg": (PHOTO.convert("L"), {}),
    "cmyk.jpg": (PHOTO.convert("CMYK"), {"exif": exif(7)}),
    "large.jpg": (PHOTO.resize((1344, 1008)), {"exif": exif(6)}),
    "tiny.jpg": (PHOTO.resize((9, 5)), {"exif": exif(5)}),
    "cmyk.tif": (PHOTO.convert("CMYK"), {}),
    "plain.bmp": (PHOTO, {}),
    "plain.gif": (palette(), {}),
    "alpha.gif": (palette(), {"transparency": 5}),
    "frames.gif": (palette(), {"save_all": True, "append_images": [palette().rotate(180)]}),
    "rgba.png": (with_alpha(PHOTO), {}),
    "rgba.webp": (with_alpha(PHOTO), {"lossless": True}),
    "rgba.tif": (with_alpha(PHOTO), {}),
    "la.png": (with_alpha(PHOTO.convert("L")), {}),
    "palette.png": (palette(), {"transparency": bytes(range(0, 250, 2))}),
    "palette-one.png": (palette(), {"transparency": 3}),
    "rgb-key.png": (PHOTO, transparent(PHOTO)),
    "gray-key.png": (PHOTO.convert("L"), transparent(PHOTO.convert("L"))),
    "bits.png": (PHOTO.convert("1"), {}),
    "bits-key.png": (PHOTO.convert("1"), {"transparency": 0}),
    "deep.png": (deep(257), {}),
    "deep.tif": (deep(257), {}),
    "deep-key.png": (deep(257), {"transparency": int(np.asarray(deep(257))[5, 5])}),
    "twelve-bits.png": (deep(16), {}),
    "twelve-bits.tif": (deep(16), {}),
}


@pytest.mark.parametrize("name", FILES)
def test_reads_the_pixels_that_kcnn_reads(name: str, tmp_path: Path) -> None:
    image, options = FILES[name]
    image.save(tmp_path / name, **options)  # type: ignore[arg-type]
    compare(tmp_path / name)


@pytest.mark.parametrize("factor", [257, 16], ids=["16 bits", "12 bits in 16"])
@pytest.mark.parametrize("bands", [2, 3, 4])
def test_reads_png_of_16_bits(bands: int, factor: int, tmp_path: Path) -> None:
    pixels = np.asarray(with_alpha(PHOTO)).astype(np.uint16) * factor + 3
    deep_images.write_png_file(
        tmp_path / "deep.png", pixels[..., {2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[bands]]
    )
    compare(tmp_path / "deep.png")


def test_reads_png_of_16_bits_with_a_key_color(tmp_path: Path) -> None:
    pixels = np.asarray(PHOTO).astype(np.uint16) * 16
    pixels[:40, :60] = pixels[5, 5]
    pixels[40:60, :60] = pixels[5, 5] + 1  # differs in the lower bits only: not transparent
    deep_images.write_png_file(tmp_path / "key.png", pixels, pixels[5, 5].astype(">u2").tobytes())
    compare(tmp_path / "key.png")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("deflate", [False, True])
def test_reads_tiff_of_16_bits(order: str, deflate: bool, tmp_path: Path) -> None:
    pixels = np.asarray(PHOTO).astype(np.uint16) * 16 + 3
    deep_images.write_tiff_file(tmp_path / "colors.tif", pixels, order, deflate)
    compare(tmp_path / "colors.tif")
    if order == "<":  # Pillow reads no other gray of 16 bits whose 0 is white
        negative = tmp_path / "negative.tif"
        deep_images.write_tiff_file(negative, pixels[..., 0], order, deflate, gray_is=0)
        compare(negative)


def compare(path: Path) -> None:
    for size, channels, resize in WANTED:
        expected = read_with_kcnn(path, size, channels, resize)
        found = read_image(path, size, channels, resize)
        assert found.shape == expected.shape
        assert found.dtype == np.uint8
        # Another libjpeg-turbo than Pillow's may round in another way: one level of 256.
        difference = np.abs(found.astype(int) - expected)
        assert difference.max() <= 1, (size, channels, resize)
        assert difference.mean() < 0.01


def test_refuses_a_file_that_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    for content in (b"", b"some text", b"%PDF-1.7\n", b"%!PS-Adobe-3.0 EPSF-3.0\n"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"^{re.escape(str(path))}: not a PNG or JPEG or "):
            read_image(path, (8, 8), 3)
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "none.jpg", (8, 8), 3)


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tif", "bmp"])
def test_refuses_an_image_that_is_cut_off(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    PHOTO.save(path)
    path.write_bytes(path.read_bytes()[:-600])
    with pytest.raises(ValueError, match=r": a damaged image, or of an unknown kind: "):
        read_image(path, (8, 8), 3)


def test_refuses_values_without_a_range(tmp_path: Path) -> None:
    Image.new("F", (8, 8)).save(tmp_path / "range.tif")
    with pytest.raises(ValueError, match="floating-point numbers"):
        read_image(tmp_path / "range.tif", (8, 8), 1)


def test_damaged_exif_data_turn_nothing(tmp_path: Path) -> None:
    PHOTO.save(tmp_path / "photo.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f")
    compare(tmp_path / "photo.jpg")


def test_reads_heic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pillow_heif")
    PHOTO.save(tmp_path / "photo.heic", exif=exif(6))
    compare(tmp_path / "photo.heic")
    monkeypatch.setattr(image_file, "FORMATS", image_file.FORMATS[:-1])
    with pytest.raises(ValueError, match=r"TIFF image; for HEIC: pip install pillow-heif$"):
        read_image(tmp_path / "photo.heic", (8, 8), 3)
