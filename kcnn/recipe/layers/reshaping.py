"""Layers that move, cut or scale values and learn nothing."""

from __future__ import annotations

from typing import Annotated, Any

from kcnn.recipe.fields import Margin, Size, accept, choice
from kcnn.recipe.layers.layer import Layer


class Flatten(Layer):
    """All values in one row."""


def _is_target_shape(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(type(one) is int and (one > 0 or one == -1) for one in value)
        and value.count(-1) <= 1
    )


class Reshape(Layer):
    """The same values in another shape.

    Args:
        target_shape: Height, width and channels, say; -1 stands for what is left over.
    """

    target_shape: Annotated[
        list[int], accept(_is_target_shape, "whole numbers as in [7, 7, 64]; one may be -1")
    ]


class ZeroPadding2D(Layer):
    """A border of zeros.

    Args:
        padding: How many on each side.
    """

    padding: Margin = 1


class Cropping2D(Layer):
    """Cuts the border off.

    Args:
        cropping: How much on each side.
    """

    cropping: Margin = 0


class UpSampling2D(Layer):
    """Enlarges the map by repeating or interpolating.

    Args:
        size: How many times.
        interpolation: Repeats values (nearest), or finds new ones between them.
    """

    size: Size = 2
    interpolation: Annotated[
        str | None, choice("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    ] = None


class Rescaling(Layer):
    """Multiplies by `scale` and adds `offset`.

    Args:
        scale: What values are multiplied by.
        offset: What is added.
    """

    scale: float
    offset: float | None = None
