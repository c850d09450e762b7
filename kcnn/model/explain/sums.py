"""The sums behind each output shape, written as a textbook writes them.

The numbers are those of `kcnn.model.arithmetic.shapes`; a test evaluates every sum and compares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from kcnn.model.arithmetic.shapes import (
    Shape,
    axis_position,
    borders,
    pair,
    transposed_axes,
    window_reach,
)
from kcnn.model.arithmetic.windows import POOLINGS, Window, WrittenLayer, windows
from kcnn.recipe import layers
from kcnn.recipe.layers import Layer

AXES = ("high", "wide", "channels")


@dataclass(frozen=True)
class Sum:
    """A sum and what it comes to.

    Args:
        text: What is reckoned, with · − / and ⌊…⌋ for rounding down: `(28 − 5 + 2·0)/1 + 1`.
        result: What it comes to.
        of: What that counts: `high and wide`.
    """

    text: str
    result: int
    of: str

    def __str__(self) -> str:
        return f"{self.text} = {self.result:,}"


def size_sums(written: WrittenLayer, inputs: Sequence[Shape], after: Shape) -> tuple[Sum, ...]:
    """Writes out how a layer's output shape comes about.

    Args:
        written: The layer.
        inputs: The shapes that come in, before any padding.
        after: The shape that comes out.

    Returns:
        One sum an axis, equal ones joined; none for a layer that keeps its shape.
    """
    layer, before = written.node.layer, inputs[0]
    if isinstance(layer, layers.Concatenate):
        return _concatenated(layer, inputs, after)
    sliding = windows(written, before)
    if sliding is None:
        return _sizes(layer, before, after)
    brief = isinstance(layer, POOLINGS)
    found = [window_sum(window, brief) for window in sliding]
    return (*_by_axis(found, after), *_sizes(layer, before, after))


def window_sum(window: Window, brief: bool = False) -> str:
    """Writes the places of a window: ⌊(size − reach + padding) / stride⌋ + 1.

    Args:
        window: The window along one axis.
        brief: Leaves a padding of 0 out.
    """
    padding = _margins(window.before, window.after)
    if brief and window.before == window.after == 0:
        padding = ""
    quotient = f"({window.size} − {written_reach(window)}{padding})/{window.stride}"
    return f"⌊{quotient}⌋ + 1" if window.left_over else f"{quotient} + 1"


def written_reach(window: Window) -> str:
    """Writes how far a window reaches: its kernel, or D·(K − 1) + 1 when it is dilated."""
    if window.dilation == 1:
        return f"{window.kernel}"
    return f"({window.dilation}·({window.kernel} − 1) + 1)"


@singledispatch
def _sizes(layer: Layer, before: Shape, after: Shape) -> tuple[Sum, ...]:
    return ()


@_sizes.register
def _depthwise(layer: layers.DepthwiseConv2D, before: Shape, after: Shape) -> tuple[Sum, ...]:
    if layer.depth_multiplier == 1:
        return ()
    return (Sum(f"{before[2]}·{layer.depth_multiplier}", after[2], "channels"),)


@_sizes.register
def _transposed(layer: layers.Conv2DTranspose, before: Shape, after: Shape) -> tuple[Sum, ...]:
    texts = []
    for size, kernel, stride, dilation, padding in transposed_axes(layer, before):
        reach = window_reach(kernel, dilation)
        text = f"({size} − 1)·{stride} + " + (
            f"{kernel}" if dilation == 1 else f"({dilation}·({kernel} − 1) + 1)"
        )
        if padding is None and (layer.padding == "same" or reach <= stride):
            text = f"{size}·{stride}"
        if padding is not None:
            cut = "" if layer.padding == "valid" else f" − 2·{reach // 2}"
            text += f"{cut} + {padding}"
        texts.append(text)
    return _by_axis(texts, after)


@_sizes.register(layers.GlobalMaxPooling2D)
@_sizes.register(layers.GlobalAveragePooling2D)
def _globally_pooled(
    layer: layers.GlobalMaxPooling2D | layers.GlobalAveragePooling2D, before: Shape, after: Shape
) -> tuple[Sum, ...]:
    rows, columns, _ = before
    return (Sum(f"{rows}·{columns}", rows * columns, "values of each channel become 1"),)


@_sizes.register(layers.Flatten)
@_sizes.register(layers.Reshape)
def _same_values(
    layer: layers.Flatten | layers.Reshape, before: Shape, after: Shape
) -> tuple[Sum, ...]:
    return (Sum("·".join(map(str, before)), math.prod(after), "values"),)


@_sizes.register
def _padded(layer: layers.ZeroPadding2D, before: Shape, after: Shape) -> tuple[Sum, ...]:
    margins = borders(layer.padding)
    texts = [f"{size}{_margins(*both)}" for size, both in zip(before, margins, strict=False)]
    return _by_axis(texts, after)


@_sizes.register
def _cropped(layer: layers.Cropping2D, before: Shape, after: Shape) -> tuple[Sum, ...]:
    cuts = borders(layer.cropping)
    texts = [
        f"{size} − {first} − {last}" for size, (first, last) in zip(before, cuts, strict=False)
    ]
    return _by_axis(texts, after)


@_sizes.register
def _enlarged(layer: layers.UpSampling2D, before: Shape, after: Shape) -> tuple[Sum, ...]:
    texts = [f"{size}·{times}" for size, times in zip(before, pair(layer.size), strict=False)]
    return _by_axis(texts, after)


def _concatenated(
    layer: layers.Concatenate, inputs: Sequence[Shape], after: Shape
) -> tuple[Sum, ...]:
    axis = axis_position(layer.axis, after)
    text = " + ".join(str(shape[axis]) for shape in inputs)
    of = AXES[axis] if len(after) == 3 else f"values along axis {axis + 1}"
    return (Sum(text, after[axis], of),)


def _margins(first: int, last: int) -> str:
    return f" + 2·{first}" if first == last else f" + {first} + {last}"


def _by_axis(texts: Sequence[str], after: Shape) -> tuple[Sum, ...]:
    rows, columns = texts
    if rows == columns:
        return (Sum(rows, after[0], "high and wide"),)
    return Sum(rows, after[0], "high"), Sum(columns, after[1], "wide")
