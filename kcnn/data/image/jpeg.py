"""JPEG: its header."""

from __future__ import annotations

from kcnn.data.image.exif import UPRIGHT, exif_orientation, xmp_orientation
from kcnn.data.image.formats import JPEG, ImageError, cut_off, damaged
from kcnn.data.image.header import Header
from kcnn.data.image.source import EDGE, Source

_MODES = {1: "L", 3: "RGB", 4: "CMYK"}
_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_SOS, _APP1, _END = 0xDA, 0xE1, 0xD9
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
# Thousands of scans or of Exif segments take a decoder minutes; a photo has about ten scans.
_MAX_PARTS = 40
_MAX_SEGMENTS = 2000


def read_jpeg_header(source: Source) -> Header:
    """Read the header of a JPEG file.

    Raises:
        ImageError: It is damaged, cut off, or made to be slow.
    """
    header: Header | None = None
    components = 0
    orientation: int | None = None
    exifs = 0
    at = 2
    for _ in range(_MAX_SEGMENTS):
        start = source.at(at, 4)
        if len(start) < 4:
            raise cut_off(JPEG)
        marker = start[1]
        if start[0] != 0xFF or marker == 0xFF or marker == 0:
            at = _next_marker(source, at)
            continue
        if marker in _WITHOUT_LENGTH:
            at += 2
            continue
        length = start[2] << 8 | start[3]
        if marker == _APP1:
            body = source.at(at + 4, length - 2)
            if body.startswith(_EXIF):
                exifs += 1
                orientation = orientation or exif_orientation(body[6:])
            elif body.startswith(_XMP):
                orientation = orientation or xmp_orientation(body)
        elif marker in _FRAMES:
            body = source.at(at + 4, 6)
            if len(body) < 6:
                raise cut_off(JPEG)
            components = body[5]
            height, width = body[1] << 8 | body[2], body[3] << 8 | body[4]
            mode = _MODES.get(components, "")
            if not mode or not height or not width or header is not None:
                raise damaged(JPEG)
            header = Header(JPEG, width, height, mode, 1, UPRIGHT, body[0])
            header.in_passes = marker in _PROGRESSIVE
        elif marker == _SOS:
            break
        elif marker == _END:
            raise damaged(JPEG)
        at += 2 + length
        if exifs > _MAX_PARTS:
            raise _slow()
    else:
        raise _slow()
    if header is None or header.in_passes or source.at(at + 4, 1) != bytes([components]):
        if source.everything().count(b"\xff\xda") > _MAX_PARTS:
            raise _slow()
        if header is None:
            raise damaged(JPEG)
        header.in_passes = True
    if header.bits != 8:
        raise ImageError(f"a JPEG image of {header.bits} bits a color, expected 8")
    header.orientation = orientation or UPRIGHT
    _require_the_end(source, at)
    return header


def _slow() -> ImageError:
    return ImageError("a JPEG image of more parts than a photograph has", "save it anew")


def _next_marker(source: Source, at: int) -> int:
    """Return where the next marker is, past fill bytes and what some programs leave between."""
    window = source.at(at, EDGE)
    index = window.find(b"\xff", 1)
    if index < 0:
        raise damaged(JPEG)
    # Of a row of 0xFF, the last begins the marker.
    while window[index + 1 : index + 2] == b"\xff":
        index += 1
    return at + index


def _require_the_end(source: Source, scans: int) -> None:
    """Raise if there is no end after the pixels; a thumbnail before them has one of its own."""
    whole = source.descriptor is None
    found = source.head.rfind(b"\xff\xd9", scans) if whole else source.tail.rfind(b"\xff\xd9")
    # Phones append films and depth maps, longer than the tail, to a photo.
    if found < 0 and (whole or source.everything().rfind(b"\xff\xd9", scans) < 0):
        raise cut_off(JPEG)
