"""Shapes of a layer's inputs and outputs, without the batch.

`(height, width, channels)` for maps, `(features,)` for rows.
"""

from __future__ import annotations

from typing import Any

from kcnn.recipe.layers.expression import Number
from kcnn.text.numbers import shape_text

Shape = tuple[int, ...]
Sizes = tuple[Number, ...]  # a shape whose sizes may remember their calculation


class ShapeMistake(Exception):  # noqa: N818  a mistake of the recipe, not an error of kcnn
    """A layer cannot take its inputs; the message has the sizes and how to fix them."""


def pair(value: Any) -> tuple[int, int]:
    """Return height and width of a size that may be one number for both."""
    if isinstance(value, int):
        return value, value
    first, second = value
    return first, second


def borders(value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return ((top, bottom), (left, right)) of a margin in any of its three spellings."""
    height, width = (value, value) if isinstance(value, int) else value
    return pair(height), pair(width)


def listed(axes: int | list[int] | None) -> list[int]:
    """Return a list of axes, of which a recipe may write one, several or none."""
    if axes is None:
        return []
    return [axes] if isinstance(axes, int) else axes


def axis_position(axis: int, shape: Shape) -> int:
    """Return the index into a shape of an axis as Keras counts them: the batch is axis 0.

    Raises:
        ShapeMistake: The shape has no such axis.
    """
    position = axis - 1 if axis > 0 else len(shape) + axis
    if axis == 0 or not 0 <= position < len(shape):
        raise ShapeMistake(
            f"axis {axis}: a {shape_text(shape)} input has axes 1 to {len(shape)}, or -1"
        )
    return position


def is_last_axis(axes: Any, rank: int) -> bool:
    """Return whether one axis, as Keras counts them, is the last of a shape.

    Args:
        axes: An axis, or several.
        rank: Number of axes of the shape, without the batch.
    """
    return axes in (-1, rank) or (not isinstance(axes, int) and [*axes] in ([-1], [rank]))


def require_axes(axes: int | list[int], shape: Shape) -> list[int]:
    """Return the indexes into a shape of one axis or several, each once.

    Raises:
        ShapeMistake: The shape has no such axis, or an axis is there twice.
    """
    positions = [axis_position(axis, shape) for axis in listed(axes)]
    if len({*positions}) < len(positions):
        raise ShapeMistake(f"axis {axes}: the same axis twice; write each once")
    return positions
