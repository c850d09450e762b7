"""Images of more than eight bits a color, scaled to eight by the bits that they use.

A camera of 12 bits writes 0 to 4,095 into 16 bits, mostly without a note of it in the file. So the
largest value of the image decides: 8, 10, 12, 14 or 16 bits, the first that holds it. Images of one
camera are scaled alike, but for one so dark that it uses a quarter of the range or less.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from kcnn.data.image.formats import ImageError
from kcnn.data.image.strips import strips

_DEPTHS = (8, 10, 12, 14, 16)


def gray_to_eight_bits(image: Image.Image, bits: int, is_inverted: bool = False) -> Image.Image:
    """Scale a gray image of 16 bits, or of 32 with values that 16 hold.

    Args:
        image: In one of Pillow's modes `I`.
        bits: As the file states them; 16 where it may be fewer.
        is_inverted: 0 is white.

    Returns:
        The image in mode `L`.

    Raises:
        ImageError: There are values below 0, or above 65,535.
    """
    low = high = 0
    for _, (strip,) in strips(image):
        pixels = np.asarray(strip)
        low, high = min(low, int(pixels.min())), max(high, int(pixels.max()))
    if low < 0 or high > 65_535:
        raise ImageError(
            f"values from {low:,} to {high:,}, expected 0 to 65,535 at most",
            "save it anew with 8 or 16 bits",
        )
    table = _table(high, bits)
    if is_inverted:
        table = 255 - table
    result = Image.new("L", image.size)
    for top, (strip,) in strips(image):
        result.paste(Image.fromarray(table[np.asarray(strip)]), (0, top))
    return result


def uses_few_bits(upper: Image.Image) -> bool:
    """Return whether the upper eight bits of colors are so small that the lower ones matter."""
    return _highest(upper) < 64


def colors_to_eight_bits(upper: Image.Image, lower: Image.Image) -> None:
    """Scale the colors of 16 bits, of which few are used, in place; alpha stays as it is.

    Args:
        upper: The upper eight bits of each value, which is all that Pillow reads.
        lower: The lower ones.
    """
    colors = _color_count(upper)
    table = _table(_highest(upper) << 8 | 0xFF, 16)
    for top, (high, low) in strips(upper, lower):
        pixels = np.asarray(high).copy()
        values = pixels[..., :colors].astype(np.uint16) << 8 | np.asarray(low)[..., :colors]
        pixels[..., :colors] = table[values]
        upper.paste(Image.fromarray(pixels), (0, top))


def _color_count(image: Image.Image) -> int:
    return len(image.getbands()) - (image.mode in ("LA", "RGBA"))


def _highest(image: Image.Image) -> int:
    return max(int(image.getchannel(band).getextrema()[1]) for band in range(_color_count(image)))  # type: ignore[arg-type]


def _table(highest: int, bits: int) -> np.ndarray:
    """Return the eight bits for each value of sixteen."""
    if bits >= 16:
        bits = next(depth for depth in _DEPTHS if highest < 1 << depth)
    limit = (1 << bits) - 1
    values = np.minimum(np.arange(65_536), limit)
    return ((values * 255 + limit // 2) // limit).astype(np.uint8)
