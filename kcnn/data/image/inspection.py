"""What is known of an image file without decoding it: for a look at thousands of files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kcnn.data.image.exif import ON_ITS_SIDE
from kcnn.data.image.formats import (
    BMP,
    GIF,
    HEIC,
    JPEG,
    PNG,
    TIFF,
    WEBP,
    ImageError,
    describe_other,
    format_of,
)
from kcnn.data.image.header import Header
from kcnn.data.image.jpeg import read_jpeg_header
from kcnn.data.image.limits import require_moderate
from kcnn.data.image.pillow_headers import read_heic_header, read_tiff_header
from kcnn.data.image.png import read_png_header
from kcnn.data.image.small_headers import read_bmp_header, read_gif_header, read_webp_header
from kcnn.data.image.source import EDGE, Source, opened, read_bytes
from kcnn.errors import DataError

# Of a file up to this size, every byte is read.
WHOLE = 256 * 1024
_READERS: dict[str, Callable[[Source], Header]] = {
    PNG.name: read_png_header,
    JPEG.name: read_jpeg_header,
    BMP.name: read_bmp_header,
    GIF.name: read_gif_header,
    WEBP.name: read_webp_header,
    TIFF.name: read_tiff_header,
    HEIC.name: read_heic_header,
}


@dataclass(frozen=True)
class ImageFacts:
    """What is known of an image file without decoding it.

    Args:
        format: `PNG`, `JPEG`, … by its first bytes, whatever its name is.
        width: In pixels, when the image is upright.
        height: Likewise.
        mode: Pillow's word for the colors: `L`, `RGB`, `RGBA`, `P`, `CMYK`, `I;16` …
        frames: Number of images or pages in the file; the first is read.
        bytes: Size of the file.
        mtime_ns: When it was last changed, in nanoseconds since 1970.
        digest: Of every byte for files up to 256 KiB; of larger ones, of their size and their
            first and last 64 KiB.
    """

    format: str
    width: int
    height: int
    mode: str
    frames: int
    bytes: int
    mtime_ns: int
    digest: str


def inspect_image(path: Path | str) -> ImageFacts:
    """Look at the beginning and the end of an image file; decode nothing.

    Raises:
        DataError: The file is missing, cut off, too large, or not an image that kcnn reads.
    """
    with opened(path) as (descriptor, found):
        size = found.st_size
        if size <= WHOLE:
            source = Source(size, read_bytes(descriptor, size))
        else:
            source = Source(size, read_bytes(descriptor, EDGE), descriptor)
        try:
            header = read_header(source)
            require_moderate(header)
        except ImageError as error:
            raise DataError(f"{path}: {error.message}", error.fix) from None
        digest = _digest(source)
    width, height = header.width, header.height
    if header.orientation in ON_ITS_SIDE:
        width, height = height, width
    return ImageFacts(
        header.format.name,
        width,
        height,
        header.mode,
        header.frames,
        size,
        found.st_mtime_ns,
        digest,
    )


def read_header(source: Source) -> Header:
    """Read the header of an image in the format that its first bytes show.

    Raises:
        ImageError: It is damaged, cut off, or not an image that kcnn reads.
    """
    known = format_of(source.head)
    if known is None:
        raise ImageError(*describe_other(source.head[:512]))
    return _READERS[known.name](source)


def _digest(source: Source) -> str:
    if source.descriptor is None:
        return hashlib.sha256(source.head).hexdigest()[:32]
    edges = hashlib.sha256(b"%d bytes" % source.size)
    edges.update(source.head)
    edges.update(source.tail)
    return edges.hexdigest()[:32]
