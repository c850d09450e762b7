"""What each layer costs: parameters and multiply-adds, counted from shapes without Keras."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch

from kcnn.model.arithmetic.shapes import Shape, axis_positions, pair, slopes_shape
from kcnn.model.arithmetic.weights import MOVING_AVERAGES, weight_names
from kcnn.model.graph import Node
from kcnn.recipe import layers
from kcnn.recipe.layers import Layer

_Counts = tuple[dict[str, int], int]  # the size of each weight, by its name, and multiply-adds


@dataclass(frozen=True)
class Cost:
    """The cost of a layer, or of several together.

    Args:
        parameters: Weights, those that are not trained included, as Keras counts them.
        not_trained: Those among them that the optimizer leaves alone: moving averages, layers that
            are frozen, weights whose learning rate is multiplied by 0.
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
    sizes, multiply_adds = _counts(node.layer, shapes[node.inputs[0]], shapes[node.name])
    parameters = sum(sizes[name] for name in weight_names(node.layer))
    trained = sum(sizes[name] for name in node.trained_weights)
    return Cost(parameters, parameters - trained, multiply_adds)


@singledispatch
def _counts(layer: Layer, before: Shape, after: Shape) -> _Counts:
    """Counts for a layer with all the weights that one of its kind may have."""
    return {}, 0


@_counts.register
def _conv2d(layer: layers.Conv2D, before: Shape, after: Shape) -> _Counts:
    kernel = math.prod(pair(layer.kernel_size)) * before[2] // layer.groups * layer.filters
    return {"kernel": kernel, "bias": layer.filters}, kernel * after[0] * after[1]


@_counts.register
def _depthwise(layer: layers.DepthwiseConv2D, before: Shape, after: Shape) -> _Counts:
    kernel = math.prod(pair(layer.kernel_size)) * after[2]
    return {"kernel": kernel, "bias": after[2]}, kernel * after[0] * after[1]


@_counts.register
def _separable(layer: layers.SeparableConv2D, before: Shape, after: Shape) -> _Counts:
    between = before[2] * layer.depth_multiplier
    depthwise, pointwise = math.prod(pair(layer.kernel_size)) * between, between * layer.filters
    sizes = {"depthwise_kernel": depthwise, "pointwise_kernel": pointwise, "bias": layer.filters}
    return sizes, (depthwise + pointwise) * after[0] * after[1]


@_counts.register
def _transposed(layer: layers.Conv2DTranspose, before: Shape, after: Shape) -> _Counts:
    kernel = math.prod(pair(layer.kernel_size)) * before[2] * layer.filters
    return {"kernel": kernel, "bias": layer.filters}, kernel * before[0] * before[1]


@_counts.register
def _dense(layer: layers.Dense, before: Shape, after: Shape) -> _Counts:
    kernel = before[-1] * layer.units
    return {"kernel": kernel, "bias": layer.units}, kernel * math.prod(before[:-1])


@_counts.register(layers.BatchNormalization)
@_counts.register(layers.LayerNormalization)
@_counts.register(layers.GroupNormalization)
def _normalization(
    layer: layers.BatchNormalization | layers.LayerNormalization | layers.GroupNormalization,
    before: Shape,
    after: Shape,
) -> _Counts:
    size = math.prod(before[position] for position in axis_positions(layer.axis, before))
    return dict.fromkeys(("gamma", "beta", *MOVING_AVERAGES), size), math.prod(before)


@_counts.register
def _prelu(layer: layers.PReLU, before: Shape, after: Shape) -> _Counts:
    return {"alpha": math.prod(slopes_shape(layer, before))}, math.prod(before)
