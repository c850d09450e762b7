"""TIFF and HEIC: their headers, by Pillow and pillow-heif."""

from __future__ import annotations

import os
from io import BytesIO
from typing import Any

from PIL import ExifTags, TiffImagePlugin

from kcnn.data.image.exif import UPRIGHT
from kcnn.data.image.formats import HEIC, TIFF, ImageError, cut_off, damaged
from kcnn.data.image.header import Header
from kcnn.data.image.quiet import quiet
from kcnn.data.image.source import Source

# Where the strips or tiles begin, and their lengths.
_LOCATIONS = ((273, 279), (324, 325))


def read_tiff_header(source: Source) -> Header:
    """Read the header of a TIFF file's first page, and count its pages.

    Raises:
        ImageError: It is damaged, cut off, or has pixels of a kind that has no range.
    """
    try:
        with quiet(), _stream(source) as stream, TiffImagePlugin.TiffImageFile(stream) as image:
            return _tiff_header(image, source.size)
    except ImageError:
        raise
    # A damaged header raises nearly anything.
    except Exception:
        raise ImageError("a damaged TIFF image, or one of a kind that kcnn does not read") from None


def _stream(source: Source) -> Any:
    if source.descriptor is None:
        return BytesIO(source.head)
    os.lseek(source.descriptor, 0, os.SEEK_SET)
    return os.fdopen(source.descriptor, "rb", closefd=False)


def _tiff_header(image: TiffImagePlugin.TiffImageFile, size: int) -> Header:
    tags = image.tag_v2
    for start, length in _LOCATIONS:
        ends = map(sum, zip(_values(tags.get(start)), _values(tags.get(length)), strict=False))
        if max(ends, default=0) > size:
            raise cut_off(TIFF)
    bits = max(_values(tags.get(258, 1)))
    if image.mode == "F":
        raise ImageError(
            "a TIFF image of floating-point numbers, whose range is not known",
            "save it anew with 8 or 16 bits",
        )
    orientation = tags.get(ExifTags.Base.Orientation, UPRIGHT)
    orientation = orientation if orientation in range(1, 9) else UPRIGHT
    # `width` and `height` of the header: Pillow's own are those after turning, in some versions.
    width, height = tags[256], tags[257]
    frames = image.n_frames
    header = Header(TIFF, width, height, image.mode, frames, orientation, bits)
    header.is_inverted = tags.get(ExifTags.Base.PhotometricInterpretation) == 0
    return header


def _values(found: Any) -> tuple[int, ...]:
    if found is None:
        return ()
    return tuple(found) if isinstance(found, tuple) else (found,)


def read_heic_header(source: Source) -> Header:
    """Read the header of a HEIC file.

    Raises:
        ImageError: It is damaged, or the extra that reads it is not installed.
    """
    try:
        with quiet(), open_heic(BytesIO(source.everything())) as image:
            frames = getattr(image, "n_frames", 1)
            return Header(HEIC, image.width, image.height, image.mode, frames)
    except ImageError:
        raise
    # A damaged header raises nearly anything.
    except Exception:
        raise damaged(HEIC) from None


def open_heic(stream: BytesIO) -> Any:
    """Open a HEIC file as an image of Pillow; it is upright already.

    Raises:
        ImageError: pillow-heif is not installed.
    """
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise ImageError(
            "a HEIC image, which needs the package pillow-heif",
            'pip install "kcnn[heif]", or save it anew as JPEG',
        ) from None
    return HeifImageFile(stream)
