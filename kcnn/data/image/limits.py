"""How large an image may be: a small file can unpack to more than the memory holds."""

from __future__ import annotations

from kcnn.data.image.formats import JPEG, ImageError
from kcnn.data.image.header import Header

MAX_PIXELS = 8192 * 6144
# A JPEG image is decoded at a fraction of its size, so photos of telephones may be larger: 60
# megapixels are common, and up to 200 exist. A decoder keeps three or six bytes for each pixel of
# one that is in passes.
MAX_JPEG_PIXELS = 16_384 * 12_288
MAX_PASSES_PIXELS = 8192 * 8192
MAX_SIDE = 65_535
# Of a JPEG image at the fraction of its size at which it is decoded.
MAX_DECODED_PIXELS = MAX_PASSES_PIXELS


def require_moderate(header: Header) -> None:
    """Raise an ImageError if the pixels of an image would take too much memory."""
    largest = MAX_PIXELS
    if header.format is JPEG:
        largest = MAX_PASSES_PIXELS if header.in_passes else MAX_JPEG_PIXELS
    if header.width * header.height > largest or max(header.width, header.height) > MAX_SIDE:
        raise too_large(largest)


def too_large(largest: int) -> ImageError:
    """Return the error for an image of more than so many pixels."""
    return ImageError(
        f"more than {largest:,} pixels, or than {MAX_SIDE:,} in a row, too "
        "large to be safe to open",
        "make it smaller",
    )
