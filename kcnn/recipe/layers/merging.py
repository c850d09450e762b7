"""Layers that read several others."""

from collections.abc import Sequence
from typing import Annotated

from kcnn.recipe.fields import accept
from kcnn.recipe.layers.expression import Expression, Number
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.shapes import Shape, ShapeMistake, Sizes, axis_position
from kcnn.text.numbers import shape_text

# From here on two maps differ by strides, and not by a border that was cut off.
_STRIDED = 1.5


class _Merging(Layer):
    """A layer that reads several layers."""

    merges = True

    def output_shape(self, inputs: Sequence[Shape]) -> Sizes:
        """Compute the common shape; sizes of 1 are repeated along their axis, as Keras does.

        Raises:
            ShapeMistake: The shapes differ.
        """
        largest = tuple(map(max, zip(*inputs, strict=False)))
        if any(not _stretches(shape, largest) for shape in inputs):
            raise ShapeMistake(
                f"{type(self).__name__} joins {_listed(inputs)}, which differ; {_fix(inputs)}"
            )
        return largest


class Add(_Merging):
    """The sum of its inputs."""

    ends_block = True


class Multiply(_Merging):
    """The product of its inputs."""


class Average(_Merging):
    """The mean of its inputs."""

    keeps_probabilities = True


class Maximum(_Merging):
    """The largest of its inputs, value by value."""


class Minimum(_Merging):
    """The smallest of its inputs, value by value."""


class Concatenate(_Merging):
    """Its inputs, joined along one axis.

    Args:
        axis: The axis; -1 is that of the channels.
    """

    axis: Annotated[int, accept(lambda value: type(value) is int, "one axis, as in -1")] = -1

    def output_shape(self, inputs: Sequence[Shape]) -> Sizes:
        """Add up the sizes along the axis.

        Raises:
            ShapeMistake: Sizes along other axes differ.
        """
        axis = axis_position(self.axis, inputs[0])
        others = {(len(shape), shape[:axis], shape[axis + 1 :]) for shape in inputs}
        if len(others) > 1:
            raise ShapeMistake(
                f"{type(self).__name__} joins {_listed(inputs)}: all sizes but those of axis "
                f"{self.axis} must be equal; bring the maps to one height and width first, as with "
                "padding: same"
            )
        first, *rest = (shape[axis] for shape in inputs)
        total: Number = sum(rest, Expression(first))
        return (*inputs[0][:axis], total, *inputs[0][axis + 1 :])


def _listed(inputs: Sequence[Shape]) -> str:
    return " and ".join(shape_text(shape) for shape in inputs)


def _stretches(shape: Shape, to: Shape) -> bool:
    """Return whether a shape becomes another by repeating along axes of size 1."""
    return len(shape) == len(to) and all(
        size in (1, wanted) for size, wanted in zip(shape, to, strict=True)
    )


def _fix(inputs: Sequence[Shape]) -> str:
    """Write how the inputs become equal, which depends on what differs."""
    if {len(shape) for shape in inputs} != {3}:
        return "make both maps or both rows first"
    sizes = [size for shape in inputs for size in shape[:2]]
    fixes = []
    if len({shape[:2] for shape in inputs}) > 1:
        fixes.append("write padding: same in the convolutions and pools before it")
    if len({shape[2] for shape in inputs}) > 1 or max(sizes) > _STRIDED * min(sizes):
        fixes.append("put a 1×1 Conv2D of the same strides and filters into the shortcut")
    return " and ".join(fixes)
