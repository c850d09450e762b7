"""BMP, GIF and WebP: their headers."""

from __future__ import annotations

from kcnn.data.image.exif import UPRIGHT, exif_orientation, xmp_orientation
from kcnn.data.image.formats import BMP, GIF, WEBP, cut_off, damaged
from kcnn.data.image.header import Header
from kcnn.data.image.source import Source

_OLD_BMP = 12  # bytes of the header that OS/2 wrote
_UNCOMPRESSED = (0, 3, 6)
_MAX_CHUNKS = 100_000


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")


def read_bmp_header(source: Source) -> Header:
    """Read the header of a BMP file.

    Raises:
        ImageError: It is damaged, or shorter than its header says.
    """
    start = source.at(0, 54)
    if len(start) < 26:
        raise cut_off(BMP)
    if _little(start[14:18]) == _OLD_BMP:
        width, height, bits = _little(start[18:20]), _little(start[20:22]), _little(start[24:26])
        compression = 0
    else:
        width = _little(start[18:22])
        height = abs(int.from_bytes(start[22:26], "little", signed=True))
        bits, compression = _little(start[28:30]), _little(start[30:34])
    if not width or not height:
        raise damaged(BMP)
    row = (width * bits + 31) // 32 * 4
    if compression in _UNCOMPRESSED and _little(start[10:14]) + row * height > source.size:
        raise cut_off(BMP)
    mode = {1: "1", 4: "P", 8: "P"}.get(bits, "RGB")
    return Header(BMP, width, height, mode, 1, UPRIGHT, 8)


def read_gif_header(source: Source) -> Header:
    """Read a GIF file from block to block, to count its frames.

    Raises:
        ImageError: It is damaged, or does not end as it should.
    """
    content = source.everything()
    if len(content) < 13:
        raise cut_off(GIF)
    header = Header(GIF, _little(content[6:8]), _little(content[8:10]), "P", 0)
    at = 13 + _palette_bytes(content[10])
    try:
        while (block := content[at]) != 0x3B:
            if block == 0x21:  # an extension
                at += 2
            elif block == 0x2C:  # a frame: its frame, palette and code size
                header.frames += 1
                at += 11 + _palette_bytes(content[at + 9])
            else:
                raise damaged(GIF)
            while size := content[at]:
                at += 1 + size
            at += 1
    except IndexError:
        raise cut_off(GIF) from None
    if not (header.frames and header.width and header.height):
        raise damaged(GIF)
    return header


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def read_webp_header(source: Source) -> Header:
    """Read the header of a WebP file.

    Raises:
        ImageError: It is damaged, or shorter than its header says.
    """
    start = source.at(0, 30)
    if len(start) < 30 or _little(start[4:8]) + 8 > source.size:
        raise cut_off(WEBP)
    kind = start[12:16]
    if kind == b"VP8X":
        mode = "RGBA" if start[20] & 0x10 else "RGB"
        header = Header(WEBP, _little(start[24:27]) + 1, _little(start[27:30]) + 1, mode)
        _read_webp_chunks(source, header)
        return header
    if kind == b"VP8L":
        bits = _little(start[21:25])
        mode = "RGBA" if bits >> 28 & 1 else "RGB"
        return Header(WEBP, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, mode)
    if kind == b"VP8 ":
        size = _little(start[26:28]) & 0x3FFF, _little(start[28:30]) & 0x3FFF
        if all(size):
            return Header(WEBP, *size, "RGB")
    raise damaged(WEBP)


def _read_webp_chunks(source: Source, header: Header) -> None:
    at, frames, orientation = 30, 0, None
    for _ in range(_MAX_CHUNKS):
        start = source.at(at, 8)
        if len(start) < 8:
            break
        kind, length = start[:4], _little(start[4:])
        if kind == b"ANMF":
            frames += 1
        elif kind == b"EXIF":
            exif = source.at(at + 8, length).removeprefix(b"Exif\0\0")
            orientation = exif_orientation(exif)
        elif kind == b"XMP ":
            orientation = orientation or xmp_orientation(source.at(at + 8, length))
        at += 8 + length + length % 2
    header.frames = max(1, frames)
    header.orientation = orientation or UPRIGHT
