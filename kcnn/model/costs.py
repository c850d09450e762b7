"""The cost of layers: parameters and multiply-adds, counted from shapes without Keras."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kcnn.model.graph import Node
from kcnn.recipe.layers.shapes import Shape


@dataclass(frozen=True)
class Cost:
    """The cost of a layer, or of several together.

    Args:
        parameters: Weights, those that are not trained included, as Keras counts them.
        not_trained: Those among them that the optimizer leaves alone: moving averages, frozen
            layers, weights whose learning rate is multiplied by 0.
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
    """Add up the costs of a graph.

    Args:
        nodes: The unfolded graph.
        shapes: Output shapes by name of layer, `image` among them.
    """
    return sum((node_cost(node, shapes) for node in nodes), Cost())


def node_cost(node: Node, shapes: Mapping[str, Shape]) -> Cost:
    """Count one layer's parameters and multiply-adds."""
    before, after = shapes[node.inputs[0]], shapes[node.name]
    sizes = {name: math.prod(shape) for name, shape in node.layer.shapes_of_weights(before).items()}
    parameters = sum(sizes.values())
    trained = sum(sizes[name] for name in node.trained_weights)
    return Cost(parameters, parameters - trained, int(node.layer.multiply_adds(before, after)))


def operations_of_a_step(multiply_adds: int, batch_size: int) -> int:
    """Estimate the floating-point operations of a training step, forward and backward.

    A multiply-add is two operations. The backward pass needs twice as many as the forward pass.

    Args:
        multiply_adds: Those of the model for one image, forward.
        batch_size: Images in a step.
    """
    return 6 * multiply_adds * batch_size
