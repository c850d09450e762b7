"""What each layer costs: parameters and multiply-adds, counted from shapes without Keras."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch

from kcnn.model.graph import Node
from kcnn.model.shapes import Shape, pair
from kcnn.recipe import layers
from kcnn.recipe.layers import Layer


@dataclass(frozen=True)
class Cost:
    """The cost of a layer, or of several together.

    Args:
        parameters: Weights, those that are not trained included, as Keras counts them.
        not_trained: Those among them that training leaves alone (moving averages, frozen layers).
        multiply_adds: Multiplications with an addition, for one image, forward.
    """

    parameters: int = 0
    not_trained: int = 0
    multiply_adds: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.parameters + other.parameters,
            self.not_trained + other.not_trained,
            self.multiply_adds + other.multiply_adds,
        )


def total_cost(nodes: Sequence[Node], shapes: Mapping[str, Shape]) -> Cost:
    """Adds up the costs of a graph.

    Args:
        nodes: The unfolded graph.
        shapes: Output shapes by name of layer, `image` among them.
    """
    return sum((node_cost(node, shapes) for node in nodes), Cost())


def node_cost(node: Node, shapes: Mapping[str, Shape]) -> Cost:
    """Counts one layer's parameters and multiply-adds."""
    cost = _cost(node.layer, shapes[node.inputs[0]], shapes[node.name])
    if getattr(node.layer, "trainable", None) is False:
        return Cost(cost.parameters, cost.parameters, cost.multiply_adds)
    return cost


@singledispatch
def _cost(layer: Layer, before: Shape, after: Shape) -> Cost:
    return Cost()


@_cost.register
def _conv2d(layer: layers.Conv2D, before: Shape, after: Shape) -> Cost:
    kernel = math.prod(pair(layer.kernel_size)) * before[2] // layer.groups * layer.filters
    return Cost(kernel + _bias(layer, layer.filters), 0, kernel * after[0] * after[1])


@_cost.register
def _depthwise(layer: layers.DepthwiseConv2D, before: Shape, after: Shape) -> Cost:
    kernel = math.prod(pair(layer.kernel_size)) * after[2]
    return Cost(kernel + _bias(layer, after[2]), 0, kernel * after[0] * after[1])


@_cost.register
def _separable(layer: layers.SeparableConv2D, before: Shape, after: Shape) -> Cost:
    between = before[2] * layer.depth_multiplier
    kernels = math.prod(pair(layer.kernel_size)) * between + between * layer.filters
    return Cost(kernels + _bias(layer, layer.filters), 0, kernels * after[0] * after[1])


@_cost.register
def _transposed(layer: layers.Conv2DTranspose, before: Shape, after: Shape) -> Cost:
    kernel = math.prod(pair(layer.kernel_size)) * before[2] * layer.filters
    return Cost(kernel + _bias(layer, layer.filters), 0, kernel * before[0] * before[1])


@_cost.register
def _dense(layer: layers.Dense, before: Shape, after: Shape) -> Cost:
    kernel = before[-1] * layer.units
    rows = math.prod(before[:-1])
    return Cost(kernel + _bias(layer, layer.units), 0, kernel * rows)


@_cost.register(layers.BatchNormalization)
@_cost.register(layers.LayerNormalization)
@_cost.register(layers.GroupNormalization)
def _normalization(
    layer: layers.BatchNormalization | layers.LayerNormalization | layers.GroupNormalization,
    before: Shape,
    after: Shape,
) -> Cost:
    axes = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    size = math.prod(before[axis - 1 if axis > 0 else axis] for axis in axes)
    moving = 2 * size if isinstance(layer, layers.BatchNormalization) else 0
    return Cost(size * (layer.scale + layer.center) + moving, moving, math.prod(before))


@_cost.register
def _prelu(layer: layers.PReLU, before: Shape, after: Shape) -> Cost:
    shared = [] if layer.shared_axes is None else layer.shared_axes
    shared = [shared] if isinstance(shared, int) else shared
    sizes = [1 if axis in shared else size for axis, size in enumerate(before, start=1)]
    return Cost(math.prod(sizes), 0, math.prod(before))


def _bias(
    layer: layers.Conv2D
    | layers.DepthwiseConv2D
    | layers.SeparableConv2D
    | layers.Conv2DTranspose
    | layers.Dense,
    size: int,
) -> int:
    return size if layer.use_bias else 0
