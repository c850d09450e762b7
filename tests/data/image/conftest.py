"""Write image files that Pillow cannot write: colors of sixteen bits, and one key color."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def write_png_file(path: Path, pixels: np.ndarray, key: bytes = b"") -> None:
    """Write uint8 or uint16, (height, width) or (height, width, 1 to 4), as PNG."""
    height, width = pixels.shape[:2]
    bands = pixels.shape[2] if pixels.ndim == 3 else 1
    bits = pixels.dtype.itemsize * 8
    header = struct.pack(">IIBBBBB", width, height, bits, {1: 0, 2: 4, 3: 2, 4: 6}[bands], 0, 0, 0)
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(height, -1)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [_chunk(b"IHDR", header)]
    if key:
        chunks.append(_chunk(b"tRNS", key))
    chunks += [_chunk(b"IDAT", zlib.compress(raw)), _chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def write_tiff_file(
    path: Path, pixels: np.ndarray, order: str = "<", deflate: bool = False, gray_is: int = 1
) -> None:
    """Write uint16 or float32 pixels as TIFF of one strip.

    Args:
        path: The file.
        pixels: (height, width) or (height, width, 3).
        order: `<` for little-endian, `>` for big-endian.
        deflate: Compressed or not.
        gray_is: 1 if 0 is black, 0 if it is white.
    """
    height, width = pixels.shape[:2]
    bands = pixels.shape[2] if pixels.ndim == 3 else 1
    data = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    data = zlib.compress(data) if deflate else data
    bits = [pixels.dtype.itemsize * 8] * bands
    entries = [
        (256, 4, [width]),
        (257, 4, [height]),
        (258, 3, bits),
        (259, 3, [8 if deflate else 1]),
        (262, 3, [2 if bands == 3 else gray_is]),
        (273, 4, [8]),
        (277, 3, [bands]),
        (278, 4, [height]),
        (279, 4, [len(data)]),
        (339, 3, [3 if pixels.dtype.kind == "f" else 1] * bands),
    ]
    directory = 8 + len(data) + len(data) % 2
    extra_at = directory + 2 + 12 * len(entries) + 4
    body, extra = struct.pack(order + "H", len(entries)), b""
    for tag, kind, values in entries:
        packed = struct.pack(f"{order}{len(values)}{'HI'[kind == 4]}", *values)
        if len(packed) > 4:
            value = struct.pack(order + "I", extra_at + len(extra))
            extra += packed
        else:
            value = packed.ljust(4, b"\0")
        body += struct.pack(order + "HHI", tag, kind, len(values)) + value
    mark = b"II*\0" if order == "<" else b"MM\0*"
    content = mark + struct.pack(order + "I", directory) + data + b"\0" * (len(data) % 2)
    path.write_bytes(content + body + bytes(4) + extra)


@pytest.fixture
def write_png() -> Callable[..., None]:
    return write_png_file


@pytest.fixture
def write_tiff() -> Callable[..., None]:
    return write_tiff_file
