"""Pooling layers."""

from __future__ import annotations

from kcnn.recipe.fields import PoolPadding, Size
from kcnn.recipe.layers.layer import Layer


class _Pooling(Layer):
    """What every pooling over windows takes.

    Args:
        pool_size: Height and width of the window.
        strides: How far the window moves each time; `pool_size` when left out.
        padding: Nothing around the map (valid), or as much as keeps its size at stride 1 (same).
    """

    strides: Size | None = None
    padding: PoolPadding = "valid"


class MaxPooling2D(_Pooling):
    """The largest value of each window."""

    pool_size: Size = 2


class AveragePooling2D(_Pooling):
    """The mean of each window; Keras gives `pool_size` no default here."""

    pool_size: Size


class _GlobalPooling(Layer):
    """What every pooling over the whole map takes.

    Args:
        keepdims: Leaves a map of height and width 1.
    """

    keepdims: bool = False


class GlobalMaxPooling2D(_GlobalPooling):
    """The largest value of each channel."""


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of each channel."""
