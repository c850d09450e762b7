"""What is known of an image file from its header, without decoding a pixel."""

from __future__ import annotations

from dataclasses import dataclass

from kcnn.data.image.exif import UPRIGHT
from kcnn.data.image.formats import ImageFormat


@dataclass(slots=True)
class Header:
    """What is known of an image file from its header.

    Args:
        format: The format of the file.
        width: Of the pixels as they are stored, before the orientation turns them.
        height: Likewise.
        mode: Pillow's word for the colors: `L`, `RGB`, `RGBA`, `P`, `CMYK`, `I;16` …
        frames: Number of images or pages in the file.
        orientation: What turns the image upright, as in Exif.
        bits: Of one color of a pixel.
        has_key_color: A color of the image stands for transparent (`tRNS` in PNG).
        is_inverted: 0 is white, in a TIFF image of sixteen bits.
        in_passes: A JPEG image in several passes, of which a decoder keeps all coefficients.
    """

    format: ImageFormat
    width: int
    height: int
    mode: str
    frames: int = 1
    orientation: int = UPRIGHT
    bits: int = 8
    has_key_color: bool = False
    is_inverted: bool = False
    in_passes: bool = False
