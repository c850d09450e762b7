"""What headers may hold, as other programs than Pillow write them."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kcnn.data.image.exif import exif_orientation
from kcnn.data.image.formats import ImageError
from kcnn.data.image.inspection import inspect_image, read_header
from kcnn.data.image.read import read_image
from kcnn.data.image.source import Source
from kcnn.errors import DataError

PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
XMP = b'<rdf:Description tiff:Orientation="6"/>'


def encoded(format: str, mode: str = "RGB", **options: object) -> bytes:
    stream = BytesIO()
    Image.fromarray(PIXELS).convert(mode).save(stream, format, **options)
    return stream.getvalue()


def exif(orientation: int, order: str = "<", kind: int = 3) -> bytes:
    """Return Exif data with one entry besides the orientation, a number of 2 (3) or 4 bytes (4)."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(order + ("HH" if kind == 3 else "I"), *([orientation, 0][: 5 - kind]))
    entries = struct.pack(order + "HHII", 0x0100, 4, 1, 7) + (
        struct.pack(order + "HHI", 0x0112, kind, 1) + value
    )
    return mark + struct.pack(order + "IH", 8, 2) + entries + bytes(4)


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def size_of(path: Path, content: bytes) -> tuple[int, int]:
    """Return width and height, 30 and 20 for an image that is upright as it is stored."""
    path.write_bytes(content)
    facts = inspect_image(path)
    assert read_image(path, None, 3).shape[:2] == (facts.height, facts.width)
    return facts.width, facts.height


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", [3, 4])
def test_orientation_is_a_number_of_two_or_four_bytes(order: str, kind: int) -> None:
    assert exif_orientation(exif(6, order, kind)) == 6
    assert exif_orientation(exif(8, order, kind)) == 8
    for value in (0, 9):
        assert exif_orientation(exif(value, order, kind)) is None
    assert exif_orientation(exif(6, order, kind)[:25]) is None


XMP_SEGMENT = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
EXIF_SEGMENT = segment(0xE1, b"Exif\0\0" + exif(3))


@pytest.mark.parametrize(
    ("added", "size"),
    [
        (b"", (30, 20)),
        (XMP_SEGMENT, (20, 30)),
        (EXIF_SEGMENT + XMP_SEGMENT, (30, 20)),  # the first decides
        (segment(0xE1, b"Exif\0\0" + exif(6)), (20, 30)),
        (segment(0xE1, b"Exif\0\0" + exif(9)), (30, 20)),
        (b"\xff\x01", (30, 20)),  # a marker without a length
        (b"\xff\xff\xff", (30, 20)),  # the marker that follows is filled up
    ],
    ids=["plain", "xmp", "exif and xmp", "exif", "no orientation", "no length", "filled"],
)
def test_segments_of_a_jpeg(tmp_path: Path, added: bytes, size: tuple[int, int]) -> None:
    content = encoded("JPEG")
    assert size_of(tmp_path / "image.jpg", content[:2] + added + content[2:]) == size


def test_a_jpeg_of_one_scan_for_each_color_is_in_passes() -> None:
    content = bytearray(encoded("JPEG"))
    assert not read_header(Source(len(content), bytes(content))).in_passes
    content[content.index(b"\xff\xda") + 4] = 1  # colors in the first scan
    assert read_header(Source(len(content), bytes(content))).in_passes
    progressive = encoded("JPEG", progressive=True)
    assert read_header(Source(len(progressive), progressive)).in_passes


def test_a_jpeg_of_twelve_bits_is_refused() -> None:
    content = bytearray(encoded("JPEG"))
    content[content.index(b"\xff\xc0") + 4] = 12
    with pytest.raises(ImageError, match="a JPEG image of 12 bits a color, expected 8"):
        read_header(Source(len(content), bytes(content)))


@pytest.mark.parametrize(
    ("before", "after", "size"),
    [
        (b"", b"", (30, 20)),
        (chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP), b"", (20, 30)),
        (b"", chunk(b"eXIf", exif(6)), (20, 30)),
        (chunk(b"eXIf", exif(3)), chunk(b"eXIf", exif(6)), (30, 20)),
    ],
    ids=["plain", "xmp", "exif after the pixels", "exif before the pixels"],
)
def test_chunks_of_a_png(
    tmp_path: Path, before: bytes, after: bytes, size: tuple[int, int]
) -> None:
    content = encoded("PNG")
    content = content[:33] + before + content[33:-12] + after + content[-12:]
    assert size_of(tmp_path / "image.png", content) == size


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_gray_png_of_few_bits(tmp_path: Path, bits: int) -> None:
    values = np.arange(24).reshape(3, 8) % (1 << bits)
    rows = [sum(int(value) << bits * place for place, value in enumerate(row[::-1]))
            .to_bytes(bits, "big") for row in values]  # fmt: skip
    header = struct.pack(">IIBBBBB", 8, 3, bits, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    pixels = chunk(b"IDAT", data) + chunk(b"IEND", b"")
    path = tmp_path / "image.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels)
    expected = values * 255 // ((1 << bits) - 1)
    assert (read_image(path, None, 1)[..., 0] == expected).all()
    key = chunk(b"tRNS", struct.pack(">H", 1))  # 1 is transparent, which becomes white
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + key + pixels)
    expected[values == 1] = 255
    assert (read_image(path, None, 1)[..., 0] == expected).all()


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"IDAT"])
def test_the_checksums_of_a_png_are_compared(tmp_path: Path, kind: bytes) -> None:
    content = bytearray(encoded("PNG", "P"))
    at = content.index(kind)
    end = at + 4 + int.from_bytes(content[at - 4 : at], "big")
    content[end] ^= 1  # of the sum alone
    (tmp_path / "image.png").write_bytes(content)
    with pytest.raises(DataError, match="a damaged or cut off PNG image"):
        read_image(tmp_path / "image.png", (8, 8), 3)


def test_an_interlaced_png(tmp_path: Path) -> None:
    """The passes of Adam7: first column, first row, and the steps to the next."""
    raw = b""
    for left, top, right, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):  # fmt: skip
        raw += b"".join(b"\0" + row.tobytes() for row in PIXELS[top::down, left::right])
    header = struct.pack(">IIBBBBB", 30, 20, 8, 2, 0, 0, 1)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    assert (read_image(tmp_path / "image.png", None, 3) == PIXELS).all()


def test_bmp_files_of_all_kinds(tmp_path: Path) -> None:
    rows = np.zeros((20, 92), np.uint8)  # of a multiple of four bytes
    rows[:, :90] = PIXELS[..., ::-1].reshape(20, 90)
    old = struct.pack("<2sIIIIHHHH", b"BM", 26 + rows.size, 0, 26, 12, 30, 20, 1, 24)
    down = struct.pack("<2sIIIIiiHHIIIIII", b"BM", 54 + rows.size, 0, 54, 40, 30, -20, 1, 24,
                       0, rows.size, 0, 0, 0, 0)  # fmt: skip
    path = tmp_path / "image.bmp"
    for header, stored in ((old, rows[::-1]), (down, rows)):
        assert size_of(path, header + stored.tobytes()) == (30, 20)
        assert (read_image(path, None, 3) == PIXELS).all()
        path.write_bytes((header + stored.tobytes())[:-1])
        with pytest.raises(DataError, match="a BMP image that is cut off"):
            inspect_image(path)
    path.write_bytes(encoded("BMP", "P"))
    assert inspect_image(path).mode == "P"


@pytest.mark.parametrize("lossless", [False, True])
def test_chunks_of_a_webp(tmp_path: Path, lossless: bool) -> None:
    """A chunk of an odd length before the orientation is filled up with one byte."""
    path = tmp_path / "image.webp"
    assert size_of(path, encoded("WEBP", lossless=lossless)) == (30, 20)
    content = encoded("WEBP", lossless=lossless, xmp=XMP + b" " * (len(XMP) % 2 == 0))
    assert size_of(path, content) == (20, 30)
    odd = encoded("WEBP", lossless=lossless, icc_profile=bytes(7), exif=b"Exif\0\0" + exif(6))
    assert size_of(path, odd) == (20, 30)
    Image.new("RGB", (1500, 1300)).save(path, lossless=lossless)
    assert (inspect_image(path).width, inspect_image(path).height) == (1500, 1300)


def test_an_orientation_of_a_tiff_that_is_none_is_ignored(tmp_path: Path) -> None:
    for orientation in (0, 9):
        content = encoded("TIFF", tiffinfo={0x0112: orientation})
        assert size_of(tmp_path / "image.tif", content) == (30, 20)
