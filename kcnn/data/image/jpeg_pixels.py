"""JPEG: its pixels, by libjpeg-turbo (simplejpeg), at a fraction of the size where that is enough.

A decoder can leave out the high frequencies of each block of 8x8 pixels, which gives the image at
a half, a quarter or an eighth of its size. Other fractions exist and are slower than these.
"""

from __future__ import annotations

import numpy as np
import simplejpeg

from kcnn.data.image.header import Header
from kcnn.data.image.limits import MAX_DECODED_PIXELS, too_large

_DENOMINATORS = (8, 4, 2)
_SMALLEST = 8  # pixels of a side that is decoded at a fraction
_COLORS = {1: "GRAY", 3: "RGB"}


def choose_denominator(header: Header, ratio: float | None) -> int:
    """Return the largest fraction of a JPEG image that still has the pixels that are wanted.

    Args:
        header: The file's header.
        ratio: Of the wanted size to that of the image; None for all of its pixels.

    Returns:
        Its denominator.

    Raises:
        ImageError: At that fraction, the image still has too many pixels.
    """
    chosen = 1
    if ratio is not None:
        smallest = min(header.width, header.height)
        for denominator in _DENOMINATORS:
            if ratio * denominator <= 1 and smallest >= _SMALLEST * denominator:
                chosen = denominator
                break
    if header.width * header.height > MAX_DECODED_PIXELS * chosen * chosen:
        raise too_large(MAX_DECODED_PIXELS)
    return chosen


def decode_jpeg(
    content: bytes,
    header: Header,
    denominator: int,
    channels: int,
    out: np.ndarray | None = None,
) -> np.ndarray | None:
    """Decode the pixels of a JPEG file.

    Args:
        content: The file.
        header: Its header.
        denominator: 1, 2, 4 or 8: the image is decoded at this fraction of its size.
        channels: 1 for gray, 3 for red, green, blue.
        out: Receives the pixels, if it is contiguous.

    Returns:
        uint8, (height, width, channels), as stored; None where only Pillow may read it: CMYK, and
        files that are not quite as they should be.
    """
    if header.mode == "CMYK":
        return None
    height = width = 0
    if denominator > 1:
        height, width = -(-header.height // denominator), -(-header.width // denominator)
    try:
        return simplejpeg.decode_jpeg(
            content,
            _COLORS[channels],
            min_height=height,
            min_width=width,
            min_factor=1,
            buffer=out,
        )
    except ValueError:
        return None
