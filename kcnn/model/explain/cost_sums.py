"""The sums behind each layer's parameters and multiply-adds.

The numbers are those of `kcnn.model.arithmetic.costs`; a test evaluates every sum and compares.
"""

from __future__ import annotations

from functools import singledispatch

from kcnn.model.arithmetic.costs import Cost
from kcnn.model.arithmetic.shapes import Shape, axis_positions, pair, slopes_shape
from kcnn.model.explain.sums import Sum
from kcnn.recipe import layers
from kcnn.recipe.layers import Layer


def cost_sums(
    layer: Layer, before: Shape, after: Shape, cost: Cost
) -> tuple[Sum | None, Sum | None]:
    """Writes out what a layer costs.

    Args:
        layer: The layer.
        before: The shape that comes in, padding included.
        after: The shape that comes out.
        cost: What it costs, counted by `kcnn.model.arithmetic.costs`.

    Returns:
        The sums of parameters and of multiply-adds; None where there are none.
    """
    parameters, multiply_adds = _texts(layer, before, after)
    return (
        Sum(parameters, cost.parameters, "parameters") if cost.parameters else None,
        Sum(multiply_adds, cost.multiply_adds, "multiply-adds") if cost.multiply_adds else None,
    )


@singledispatch
def _texts(layer: Layer, before: Shape, after: Shape) -> tuple[str, str]:
    return "", ""


@_texts.register
def _conv2d(layer: layers.Conv2D, before: Shape, after: Shape) -> tuple[str, str]:
    shared = f"/{layer.groups}" if layer.groups > 1 else ""
    weights = f"{_product(*pair(layer.kernel_size), before[2])}{shared}"
    return (
        _with_bias(weights, layer.use_bias, layer.filters),
        f"{_product(*after[:2])}·({weights})·{layer.filters}",
    )


@_texts.register
def _depthwise(layer: layers.DepthwiseConv2D, before: Shape, after: Shape) -> tuple[str, str]:
    weights = _product(*pair(layer.kernel_size))
    channels = _channels(layer, before)
    return (
        _with_bias(weights, layer.use_bias, channels),
        f"{_product(*after[:2])}·({weights})·{channels}",
    )


@_texts.register
def _separable(layer: layers.SeparableConv2D, before: Shape, after: Shape) -> tuple[str, str]:
    between = _channels(layer, before)
    depthwise = f"{_product(*pair(layer.kernel_size))}·{between}"
    pointwise = _with_bias(between, layer.use_bias, layer.filters)
    places = _product(*after[:2])
    return (
        f"{depthwise} + {pointwise}",
        f"{places}·({depthwise} + {between}·{layer.filters})",
    )


@_texts.register
def _transposed(layer: layers.Conv2DTranspose, before: Shape, after: Shape) -> tuple[str, str]:
    weights = _product(*pair(layer.kernel_size), before[2])
    return (
        _with_bias(weights, layer.use_bias, layer.filters),
        f"{_product(*before[:2])}·({weights})·{layer.filters}",
    )


@_texts.register
def _dense(layer: layers.Dense, before: Shape, after: Shape) -> tuple[str, str]:
    return (
        _with_bias(str(before[-1]), layer.use_bias, layer.units),
        _product(*before, layer.units),
    )


@_texts.register(layers.BatchNormalization)
@_texts.register(layers.LayerNormalization)
@_texts.register(layers.GroupNormalization)
def _normalization(
    layer: layers.BatchNormalization | layers.LayerNormalization | layers.GroupNormalization,
    before: Shape,
    after: Shape,
) -> tuple[str, str]:
    sizes = [before[position] for position in axis_positions(layer.axis, before)]
    moving = 2 if isinstance(layer, layers.BatchNormalization) else 0
    return _product(layer.scale + layer.center + moving, *sizes), _product(*before)


@_texts.register
def _prelu(layer: layers.PReLU, before: Shape, after: Shape) -> tuple[str, str]:
    return _product(*slopes_shape(layer, before)), _product(*before)


def _channels(layer: layers.DepthwiseConv2D | layers.SeparableConv2D, before: Shape) -> str:
    multiplier = layer.depth_multiplier
    return f"{before[2]}" if multiplier == 1 else f"{before[2]}·{multiplier}"


def _product(*factors: int) -> str:
    return "·".join(map(str, factors))


def _with_bias(weights: str, use_bias: bool, outputs: int | str) -> str:
    return f"({weights} + 1)·{outputs}" if use_bias else f"{weights}·{outputs}"
