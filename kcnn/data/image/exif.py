"""The orientation of a photo, as cameras write it into Exif or XMP."""

from __future__ import annotations

import re

UPRIGHT = 1
# The values that swap width and height.
ON_ITS_SIDE = (5, 6, 7, 8)
_TAG = 0x0112
_SHORT = 3
_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


def exif_orientation(exif: bytes) -> int | None:
    """Return the orientation in Exif data, 1 to 8; None if there is none, or the data is invalid.

    Args:
        exif: The data from the header of TIFF on, `II` or `MM`.
    """
    order: str
    if exif[:2] == b"II":
        order = "little"
    elif exif[:2] == b"MM":
        order = "big"
    else:
        return None
    start = _number(exif, 4, 4, order)
    for entry in range(_number(exif, start, 2, order)):
        at = start + 2 + 12 * entry
        if at + 12 > len(exif):
            return None
        if _number(exif, at, 2, order) == _TAG:
            value = _number(
                exif, at + 8, 2 if _number(exif, at + 2, 2, order) == _SHORT else 4, order
            )
            return value if 1 <= value <= 8 else None
    return None


def xmp_orientation(xmp: bytes) -> int | None:
    """Return the orientation in XMP, which some programs write instead; None if there is none."""
    found = _XMP.search(xmp)
    return int(found[1]) if found else None


def _number(data: bytes, offset: int, count: int, order: str) -> int:
    return int.from_bytes(data[offset : offset + count], "big" if order == "big" else "little")
