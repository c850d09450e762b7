"""PNG: its header."""

from __future__ import annotations

from kcnn.data.image.exif import UPRIGHT, exif_orientation, xmp_orientation
from kcnn.data.image.formats import PNG, ImageError, cut_off, damaged
from kcnn.data.image.header import Header
from kcnn.data.image.source import Source

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MODES = {0: "L", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}
_MAX_CHUNKS = 2000  # before the pixels


def read_png_header(source: Source) -> Header:
    """Read the header of a PNG file.

    Raises:
        ImageError: It is damaged or cut off.
    """
    start = source.at(0, 33)
    if len(start) < 33:
        raise cut_off(PNG)
    mode = _MODES.get(start[25])
    if start[:8] != _SIGNATURE or start[12:16] != b"IHDR" or mode is None:
        raise damaged(PNG)
    bits = start[24]
    if mode == "L" and bits in (1, 16):
        mode = "1" if bits == 1 else "I;16"
    width, height = int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")
    if not width or not height:
        raise damaged(PNG)
    header = Header(PNG, width, height, mode, 1, UPRIGHT, bits)
    orientation = _read_chunks(source, header)
    tail = source.tail
    if b"IEND" not in tail:
        raise cut_off(PNG)
    if orientation is None and (at := tail.find(b"eXIf")) > 0:  # after the pixels
        orientation = exif_orientation(tail[at + 4 :])
    header.orientation = orientation or UPRIGHT
    return header


def _read_chunks(source: Source, header: Header) -> int | None:
    """Read the chunks before the pixels into the header; return the orientation, if any."""
    orientation: int | None = None
    at = 33
    for _ in range(_MAX_CHUNKS):
        start = source.at(at, 8)
        if len(start) < 8:
            raise cut_off(PNG)
        kind = start[4:]
        if kind == b"IDAT":
            return orientation
        length = int.from_bytes(start[:4], "big")
        if kind == b"tRNS":
            header.has_key_color = header.mode != "P"
        elif kind == b"eXIf":
            orientation = orientation or exif_orientation(source.at(at + 8, length))
        elif kind == b"iTXt":
            orientation = orientation or xmp_orientation(source.at(at + 8, length))
        elif kind == b"acTL":
            header.frames = int.from_bytes(source.at(at + 8, 4), "big")
        at += 12 + length
    raise ImageError("a PNG image of more parts than images have", "save it anew")
