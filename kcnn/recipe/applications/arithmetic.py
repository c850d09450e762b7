"""Shapes, costs and receptive field of an application, for images of any size, without Keras."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from kcnn.recipe.applications.table import Architecture, Row
from kcnn.recipe.layers.shapes import Shape

# Rows or columns that a value depends on, and those to its neighbor's first one.
Reach = tuple[int, Fraction]


@lru_cache(maxsize=32)
def shapes_within(of: Architecture, shape: Shape) -> Sequence[Shape]:
    """Compute the output shape of each row; the image's own comes first, as number 0.

    Args:
        of: The application.
        shape: Height, width and channels of the images; large enough for it.
    """
    shapes = [shape]
    for row in of.rows:
        sizes = row.layer.output_shape([shapes[number] for number in row.inputs])
        shapes.append(tuple(map(int, sizes)))
    return shapes


def weight_shapes(of: Architecture, shape: Shape) -> dict[str, Shape]:
    """Return the shape of each weight, by its path in the application."""
    shapes = shapes_within(of, shape)
    return {
        row.path(name): size
        for row in of.rows
        if row.name
        for name, size in row.layer.shapes_of_weights(shapes[row.inputs[0]]).items()
    }


def multiply_adds(of: Architecture, shape: Shape) -> int:
    """Count the multiplications with an addition, for one image, forward."""
    shapes = shapes_within(of, shape)
    return sum(
        int(row.layer.multiply_adds(shapes[row.inputs[0]], shapes[number]))
        for number, row in enumerate(of.rows, 1)
    )


def reach(of: Architecture, shape: Shape) -> list[Reach] | None:
    """Return how far a value of the output sees, over height and width.

    Returns:
        None if it sees everything: squeeze and excitation average the whole map.
    """
    shapes = shapes_within(of, shape)
    seen: list[list[Reach] | None] = [[(1, Fraction(1))] * 2]
    for row in of.rows:
        seen.append(_passed(row, [seen[number] for number in row.inputs], shapes[row.inputs[0]]))
    return seen[-1]


def _passed(row: Row, branches: Sequence[list[Reach] | None], before: Shape) -> list[Reach] | None:
    known = [branch for branch in branches if branch is not None]
    if len(known) < len(branches) or row.layer.reads_everywhere(before):
        return None
    widest = [max(axis) for axis in zip(*known, strict=True)]
    if len(before) == 1:
        return widest
    steps = row.layer.reach_and_stride(before)
    return [
        (size + int((width - 1) * jump), jump * stride)
        for (size, jump), (width, stride) in zip(widest, steps, strict=True)
    ]
