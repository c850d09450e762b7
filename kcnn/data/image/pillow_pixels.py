"""The pixels of every format, by Pillow's plugins."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from kcnn.data.image.formats import BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP, ImageError, damaged
from kcnn.data.image.header import Header
from kcnn.data.image.limits import MAX_DECODED_PIXELS, MAX_PIXELS, too_large
from kcnn.data.image.pillow_headers import open_heic
from kcnn.data.image.plain import to_plain
from kcnn.data.image.png_pixels import decode_png, reads_at_once
from kcnn.data.image.quiet import quiet

_PLUGINS: dict[str, Callable[[BytesIO], ImageFile.ImageFile]] = {
    PNG.name: PngImagePlugin.PngImageFile,
    JPEG.name: JpegImagePlugin.JpegImageFile,
    BMP.name: BmpImagePlugin.BmpImageFile,
    GIF.name: GifImagePlugin.GifImageFile,
    WEBP.name: WebPImagePlugin.WebPImageFile,
    TIFF.name: TiffImagePlugin.TiffImageFile,
}
# Of two bytes, Pillow reads the upper one. In the other order, it reads the lower one instead.
_OTHER_ORDER = {
    "16B": "16L",
    "16L": "16B",
    "16N": "16B" if sys.byteorder == "little" else "16L",
}


def decode_by_pillow(content: bytes, header: Header, denominator: int = 1) -> Image.Image:
    """Decode the pixels of an image file.

    Args:
        content: The file.
        header: Its header.
        denominator: 1, 2, 4 or 8: a JPEG image is decoded at this fraction of its size.

    Returns:
        In mode `L` or `RGB`, without transparency. TIFF and HEIC are upright, others as stored.

    Raises:
        ImageError: It is damaged, or of a kind that kcnn does not read.
    """
    try:
        image: Image.Image
        if header.format is PNG and reads_at_once(header):
            image = decode_png(content, header)
        else:
            image = _load(content, header, denominator)
        return to_plain(image, header, lambda: _load(content, header, 1, lower=True))
    except (ImageError, MemoryError):
        raise
    # A damaged image raises nearly anything.
    except Exception:
        raise damaged(header.format) from None


def _load(
    content: bytes, header: Header, denominator: int, lower: bool = False
) -> ImageFile.ImageFile:
    plugin = open_heic if header.format is HEIC else _PLUGINS[header.format.name]
    with quiet():
        image: ImageFile.ImageFile = plugin(BytesIO(content))
        if denominator > 1:
            image.draft(None, (header.width // denominator, header.height // denominator))
        # The plugin may see another size than our own look at the header.
        largest = MAX_DECODED_PIXELS if header.format is JPEG else MAX_PIXELS
        if image.width * image.height > largest:
            raise too_large(largest)
        if lower:
            image.tile = [tile._replace(args=_swapped(tile.args)) for tile in image.tile]
        image.load()
    return image


def _swapped(args: Any) -> Any:
    if isinstance(args, tuple):
        return (_swapped(args[0]), *args[1:])
    raw = str(args)
    return raw[:-3] + _OTHER_ORDER[raw[-3:]]
