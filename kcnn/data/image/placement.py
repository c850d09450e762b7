"""Where the pixels of an image go in one of another size: stretched, with borders, or cropped."""

from __future__ import annotations

from dataclasses import dataclass

from kcnn.recipe.data_settings import Resize


@dataclass(frozen=True, slots=True)
class Placement:
    """Which part of an image is resized, and to where in the result. Sizes are height, width.

    Args:
        part: Fractions of height and width, around the middle, that are taken.
        size: What they are resized to.
        corner: Top and left of that in the result; what is around it is black.
        ratio: Of the new size to the old one: the larger one of height and width.
    """

    part: tuple[float, float]
    size: tuple[int, int]
    corner: tuple[int, int]
    ratio: float


def place(own: tuple[int, int], wanted: tuple[int, int], resize: Resize) -> Placement:
    """Return how an image is brought to a size.

    Args:
        own: Its height and width.
        wanted: Height and width of the result.
        resize: `stretch` changes the aspect ratio; `fit` keeps all of the image, with black
            borders; `crop` fills the result with the middle of the image.
    """
    ratios = wanted[0] / own[0], wanted[1] / own[1]
    if resize == "fit":
        ratio = min(ratios)
        height, width = (
            min(limit, max(1, round(side * ratio))) for side, limit in zip(own, wanted, strict=True)
        )
        corner = (wanted[0] - height) // 2, (wanted[1] - width) // 2
        return Placement((1.0, 1.0), (height, width), corner, ratio)
    ratio = max(ratios)
    part = (ratios[0] / ratio, ratios[1] / ratio) if resize == "crop" else (1.0, 1.0)
    return Placement(part, wanted, (0, 0), ratio)
