"""Layers that move, cut or scale values and learn nothing."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Any

from kcnn.recipe.fields import Margin, Size, accept, choice
from kcnn.recipe.layers.expression import Expression, product
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.shapes import Shape, ShapeMistake, Sizes, borders, pair
from kcnn.recipe.layers.window import with_margin
from kcnn.text.numbers import shape_text

# Values along each axis that interpolation mixes.
_INTERPOLATED = {None: 1, "nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}


class _SameValues(Layer):
    """A layer that moves values and changes none."""

    linear = True
    reshapes = True
    keeps_probabilities = True

    def written_sizes(self, inputs: Sequence[Shape]) -> dict[str, Expression]:
        return {"values": product(*inputs[0])}


class Flatten(_SameValues):
    """All values in one row."""

    def _sizes(self, shape: Shape) -> Sizes:
        return (math.prod(shape),)


def _is_target_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(type(size) is int and (size > 0 or size == -1) for size in value)
        and value.count(-1) <= 1
    )


class Reshape(_SameValues):
    """The same values in another shape.

    Args:
        target_shape: For example height, width and channels; -1 stands for the remaining values.
    """

    target_shape: Annotated[
        list[int], accept(_is_target_shape, "whole numbers as in [7, 7, 64]; one may be -1")
    ]

    def _sizes(self, shape: Shape) -> Sizes:
        count, target = math.prod(shape), list(self.target_shape)
        if -1 in target:
            known = math.prod(size for size in target if size != -1)
            target[target.index(-1)] = count // known
        if math.prod(target) != count:
            raise ShapeMistake(
                f"{shape_text(shape)} holds {count:,} values, not as many as {self.target_shape}; "
                f"write sizes whose product is {count:,}"
            )
        return tuple(target)

    def reads_everywhere(self, shape: Shape) -> bool:
        return True


class ZeroPadding2D(Layer):
    """A border of zeros.

    Args:
        padding: Number of zeros on each side.
    """

    padding: Margin = 1

    needs_map = True
    linear = True
    looks_like_input = True

    def _sizes(self, shape: Shape) -> Sizes:
        rows, columns = borders(self.padding)
        height, width, channels = shape
        return (
            with_margin(Expression(height), *rows),
            with_margin(Expression(width), *columns),
            channels,
        )

    def pads(self, shape: Shape) -> bool:
        return True


class Cropping2D(Layer):
    """Cuts the border off.

    Args:
        cropping: Rows and columns on each side.
    """

    cropping: Margin = 0

    needs_map = True
    linear = True

    def _sizes(self, shape: Shape) -> Sizes:
        cuts = zip(shape, borders(self.cropping), strict=False)
        left = [Expression(size) - first - last for size, (first, last) in cuts]
        if any(int(size) < 1 for size in left):
            raise ShapeMistake(
                f"cropping {self.cropping} leaves nothing of a {shape[0]}×{shape[1]} map; crop less"
            )
        return (*left, shape[2])


class UpSampling2D(Layer):
    """Enlarges the map by repeating or interpolating.

    Args:
        size: Factor of height and width.
        interpolation: Repeats values (nearest), or computes new ones between them.
    """

    size: Size = 2
    interpolation: Annotated[
        str | None, choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    ] = None

    needs_map = True
    linear = True

    def _sizes(self, shape: Shape) -> Sizes:
        rows, columns = pair(self.size)
        return product(shape[0], rows), product(shape[1], columns), shape[2]

    def reach_and_stride(self, shape: Shape) -> list[tuple[int, Fraction]]:
        mixed = _INTERPOLATED[self.interpolation]
        return [(mixed, Fraction(1, times)) for times in pair(self.size)]


class Rescaling(Layer):
    """Multiplies by `scale` and adds `offset`.

    Args:
        scale: Factor.
        offset: Number that is added.
    """

    scale: float
    offset: float | None = None

    linear = True
    looks_like_input = True
