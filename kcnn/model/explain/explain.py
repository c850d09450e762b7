"""A network explained layer by layer: the sums behind its shapes and what each layer costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kcnn.errors import RecipeError
from kcnn.model.arithmetic.costs import Cost, node_cost
from kcnn.model.arithmetic.infer_shapes import infer_shapes
from kcnn.model.arithmetic.receptive_field import Fields, receptive_fields
from kcnn.model.arithmetic.shapes import Shape
from kcnn.model.arithmetic.windows import WrittenLayer, as_written
from kcnn.model.explain.cost_sums import cost_sums
from kcnn.model.explain.oddities import Oddity, find_oddities
from kcnn.model.explain.sums import Sum, size_sums
from kcnn.model.graph import unfold
from kcnn.model.plan import Plan, require_right_end
from kcnn.recipe import Recipe
from kcnn.recipe.layers import Flatten, Reshape

BYTES = 4  # of a float32


@dataclass(frozen=True)
class LayerExplanation:
    """One layer's numbers.

    Args:
        name: Its name in the model.
        kind: Its class.
        inputs: The layers it reads.
        output_shape: What comes out of it for one image.
        sizes: The sums behind the output shape.
        cost: Its parameters and multiply-adds.
        parameters: The sum behind its parameters; None without any.
        multiply_adds: The sum behind its multiply-adds; None without any.
        activation_bytes: Its output for one image in float32; 0 for the same values reshaped.
        receptive_field: Rows and columns of the image that one value depends on.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    output_shape: Shape
    sizes: tuple[Sum, ...]
    cost: Cost
    parameters: Sum | None
    multiply_adds: Sum | None
    activation_bytes: int
    receptive_field: tuple[int, int]

    @property
    def sums(self) -> tuple[Sum, ...]:
        """All its sums."""
        return (*self.sizes, *(one for one in (self.parameters, self.multiply_adds) if one))

    def as_json(self) -> dict[str, Any]:
        """Gives it as plain JSON values."""
        return {
            "name": self.name,
            "kind": self.kind,
            "inputs": list(self.inputs),
            "output_shape": list(self.output_shape),
            "parameters": self.cost.parameters,
            "multiply_adds": self.cost.multiply_adds,
            "activation_bytes": self.activation_bytes,
            "receptive_field": list(self.receptive_field),
            "sums": [vars(one) for one in self.sums],
        }


@dataclass(frozen=True)
class Explanation:
    """A network, as far as its layers fit.

    Args:
        recipe: The recipe it is of.
        image_shape: Height, width and channels of the images.
        layers: The layers that fit, in the order of the recipe.
        oddities: What is worth a second look; empty unless all layers fit.
        problem: Why the next layer, or the output, does not fit; None when all does.
    """

    recipe: Recipe
    image_shape: Shape
    layers: tuple[LayerExplanation, ...]
    oddities: tuple[Oddity, ...]
    problem: RecipeError | None

    @cached_property
    def cost(self) -> Cost:
        """Parameters and multiply-adds of all layers together."""
        return sum((layer.cost for layer in self.layers), Cost())

    @property
    def image_bytes(self) -> int:
        """The scaled image in float32."""
        return BYTES * math.prod(self.image_shape)

    @property
    def activation_bytes(self) -> int:
        """The image and every layer's output, for one image in float32."""
        return self.image_bytes + sum(layer.activation_bytes for layer in self.layers)

    @property
    def batch_bytes(self) -> int:
        """The same for a batch of training."""
        return self.activation_bytes * self.recipe.train.batch_size


def explain_network(recipe: Recipe, image_shape: Shape, classes: int | None) -> Explanation:
    """Explains a recipe's network as far as its layers fit.

    Args:
        recipe: The recipe.
        image_shape: Height, width and channels of the images.
        classes: How many classes there are; None leaves the output unchecked.

    Raises:
        RecipeError: The layers make no graph: names that are missing or taken.
    """
    nodes = tuple(unfold(recipe))
    shapes, problem = infer_shapes(recipe, nodes, image_shape)
    fitting = [written for written in as_written(nodes) if written.node.name in shapes]
    layers = _explain(fitting, shapes)
    if problem is not None:
        return Explanation(recipe, image_shape, layers, (), problem)
    plan = Plan(recipe, nodes, shapes, classes)
    return Explanation(recipe, image_shape, layers, tuple(find_oddities(plan)), _end_of(plan))


def _end_of(plan: Plan) -> RecipeError | None:
    try:
        require_right_end(plan)
    except RecipeError as error:
        return error
    return None


def _explain(
    fitting: list[WrittenLayer], shapes: Mapping[str, Shape]
) -> tuple[LayerExplanation, ...]:
    fields = receptive_fields(fitting, shapes)
    return tuple(_explain_layer(written, shapes, fields[written.node.name]) for written in fitting)


def _explain_layer(
    written: WrittenLayer, shapes: Mapping[str, Shape], fields: Fields
) -> LayerExplanation:
    node, (rows, columns) = written.node, fields
    after, cost = shapes[node.name], node_cost(node, shapes)
    parameters, multiply_adds = cost_sums(node.layer, shapes[node.inputs[0]], after, cost)
    same_values = isinstance(node.layer, Flatten | Reshape)
    return LayerExplanation(
        name=node.name,
        kind=type(node.layer).__name__,
        inputs=written.inputs,
        output_shape=after,
        sizes=size_sums(written, [shapes[name] for name in written.inputs], after),
        cost=cost,
        parameters=parameters,
        multiply_adds=multiply_adds,
        activation_bytes=0 if same_values else BYTES * math.prod(after),
        receptive_field=(rows.pixels, columns.pixels),
    )
