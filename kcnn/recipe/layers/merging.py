"""Layers that read several others."""

from __future__ import annotations

from typing import Annotated

from kcnn.recipe.fields import accept
from kcnn.recipe.layers.layer import Layer


class Add(Layer):
    """The sum of its inputs."""


class Multiply(Layer):
    """The product of its inputs."""


class Average(Layer):
    """The mean of its inputs."""


class Maximum(Layer):
    """The largest of its inputs, value by value."""


class Concatenate(Layer):
    """Its inputs one behind the other.

    Args:
        axis: Along which; -1 is that of the channels.
    """

    axis: Annotated[int, accept(lambda value: type(value) is int, "one axis, as in -1")] = -1
