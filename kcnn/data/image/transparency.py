"""Transparent pixels: laid on white before an image is resized.

Otherwise the hidden color of a transparent pixel would be blended into its neighbors.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from kcnn.data.image.strips import strips

WHITE = 255


def on_white(image: Image.Image, alpha: Image.Image | None = None) -> Image.Image:
    """Lay an image on white.

    Args:
        image: In mode `L`, `RGB`, `LA` or `RGBA`.
        alpha: In mode `L`, where the image has none of its own.

    Returns:
        In mode `L` or `RGB`.
    """
    mode = "L" if image.mode in ("L", "LA") else "RGB"
    white = Image.new(mode, image.size, "white")
    if alpha is not None:
        white.paste(image, mask=alpha)
    elif mode == "L":
        white.paste(image.getchannel("L"), mask=image.getchannel("A"))
    else:
        white.paste(image, mask=image)
    return white


def alpha_of_key(image: Image.Image, key: tuple[int, ...]) -> Image.Image:
    """Return the alpha of an image in which one color stands for transparent.

    Args:
        image: In mode `1`, `L`, `I;16` or `RGB`.
        key: That color.

    Returns:
        In mode `L`: 0 where a pixel has the color, 255 elsewhere.
    """
    alpha = Image.new("L", image.size)
    for top, (strip,) in strips(image):
        pixels = np.asarray(strip)
        differs = (pixels != key).any(axis=-1) if pixels.ndim == 3 else pixels != key[0]
        alpha.paste(Image.fromarray(np.where(differs, np.uint8(WHITE), np.uint8(0))), (0, top))
    return alpha
