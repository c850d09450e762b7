"""An image of any mode as plain gray or red, green, blue of eight bits, without transparency."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops

from kcnn.data.image.depth import colors_to_eight_bits, gray_to_eight_bits, uses_few_bits
from kcnn.data.image.formats import PNG, ImageError
from kcnn.data.image.header import Header
from kcnn.data.image.transparency import alpha_of_key, on_white

_WITH_ALPHA = ("LA", "RGBA")
_DEEP = ("RGB", "RGBA", "LA")  # what Pillow makes of colors of sixteen bits


def to_plain(
    image: Image.Image, header: Header, lower_bits: Callable[[], Image.Image]
) -> Image.Image:
    """Convert an image.

    Args:
        image: As Pillow decodes it; of colors of sixteen bits, the upper eight.
        header: Its file's header.
        lower_bits: Decodes the lower eight of such colors.

    Returns:
        In mode `L` or `RGB`.

    Raises:
        ImageError: Its colors are of a kind that cannot be converted.
    """
    if image.mode == "F":
        raise ImageError(
            "floating-point numbers, whose range is not known", "save it anew with 8 or 16 bits"
        )
    if header.format is PNG and header.mode == "LA" and header.bits == 16:
        image, lower_bits = _gray_with_alpha(image)
    alpha = None
    if header.format is PNG and header.has_key_color:
        alpha = _alpha_of_png(image, header, lower_bits)
    if image.mode.startswith("I"):
        image = gray_to_eight_bits(image, header.bits, header.is_inverted)
    elif header.bits == 16 and image.mode in _DEEP and uses_few_bits(image):
        colors_to_eight_bits(image, lower_bits())
    elif image.mode == "1":
        image = image.convert("L")
    elif alpha is None and image.mode not in _WITH_ALPHA and image.has_transparency_data:
        image = image.convert("RGBA")
    elif image.mode not in ("L", "RGB", *_WITH_ALPHA):
        image = _to_colors(image)
    if alpha is not None or image.mode in _WITH_ALPHA:
        return on_white(image, alpha)
    return image


def _gray_with_alpha(image: Image.Image) -> tuple[Image.Image, Callable[[], Image.Image]]:
    """Extract gray and alpha of sixteen bits from the four bands of their bytes."""
    upper, lower, alpha, _ = image.split()
    return Image.merge("LA", (upper, alpha)), lambda: Image.merge("LA", (lower, alpha))


def _to_colors(image: Image.Image) -> Image.Image:
    try:
        return image.convert("RGB")
    except ValueError:
        raise ImageError(f"colors of the kind {image.mode}, which kcnn does not read") from None


def _alpha_of_png(
    image: Image.Image, header: Header, lower_bits: Callable[[], Image.Image]
) -> Image.Image:
    """Return the alpha that the key color of a PNG image makes."""
    found = image.info.get("transparency", b"")
    if not isinstance(found, bytes):  # Pillow's own plugin has read the numbers
        found = np.atleast_1d(np.asarray(found, ">u2")).tobytes()
    values = [int(value) for value in np.frombuffer(found, ">u2")]
    if header.bits < 8:
        values = [value * 255 // ((1 << header.bits) - 1) for value in values]
    if header.bits < 16 or image.mode.startswith("I"):
        return alpha_of_key(image, tuple(values))
    upper = alpha_of_key(image, tuple(value >> 8 for value in values))
    lower = alpha_of_key(lower_bits(), tuple(value & 0xFF for value in values))
    return ImageChops.lighter(upper, lower)
