"""A model explained layer by layer: the sums behind its shapes and what each layer costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kcnn.errors import RecipeError
from kcnn.model.costs import Cost, node_cost
from kcnn.model.explain.remarks import Remark, find_remarks, grouped_remarks
from kcnn.model.explain.slow_averages import slow_averages
from kcnn.model.graph import Node, as_written, unfold
from kcnn.model.plan import Plan, require_right_end
from kcnn.model.receptive_field import Fields, receptive_fields
from kcnn.model.shapes import infer_shapes
from kcnn.recipe import Recipe
from kcnn.recipe.layers import Application, Layer
from kcnn.recipe.layers.application import NO_WEIGHTS
from kcnn.recipe.layers.expression import Expression
from kcnn.recipe.layers.shapes import Shape

BYTES = 4  # of a float32


@dataclass(frozen=True)
class Sum:
    """A calculation and its result.

    Args:
        text: The calculation, with · − / and ⌊…⌋ for rounding down: `(28 − 5 + 2·0)/1 + 1`.
        result: Its result.
        of: What that counts: `high and wide`.
    """

    text: str
    result: int
    of: str

    def __str__(self) -> str:
        return f"{self.text} = {self.result:,}"


@dataclass(frozen=True)
class LayerExplanation:
    """One layer's numbers.

    Args:
        name: Its name in the model.
        kind: Its class.
        inputs: The layers it reads.
        output_shape: Shape of its output for one image.
        sums: The calculations behind its output shape, its parameters and its multiply-adds.
        cost: Its parameters and multiply-adds.
        activation_bytes: Its output for one image in float32; 0 for the same values reshaped.
        receptive_field: Rows and columns of the image that one value depends on.
        weights: What an application starts from: `imagenet` or a file; None for random weights.
    """

    name: str
    kind: str
    inputs: tuple[str, ...]
    output_shape: Shape
    sums: tuple[Sum, ...]
    cost: Cost
    activation_bytes: int
    receptive_field: tuple[int, int]
    weights: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {
            "name": self.name,
            "kind": self.kind,
            "inputs": list(self.inputs),
            "output_shape": list(self.output_shape),
            "parameters": self.cost.parameters,
            "multiply_adds": self.cost.multiply_adds,
            "activation_bytes": self.activation_bytes,
            "receptive_field": list(self.receptive_field),
            "sums": [vars(written) for written in self.sums],
            "weights": self.weights,
        }


@dataclass(frozen=True)
class Explanation:
    """An explained model, as far as its layers fit.

    Args:
        recipe: The recipe.
        image_shape: Height, width and channels of the images.
        layers: The layers that fit, in the order of the recipe.
        remarks: Remarks on its layers; empty unless all layers fit.
        problem: Why the next layer, or the output, does not fit; None if all does.
    """

    recipe: Recipe
    image_shape: Shape
    layers: tuple[LayerExplanation, ...]
    remarks: tuple[Remark, ...]
    problem: RecipeError | None

    @property
    def initial_weights(self) -> str | None:
        """The run or file whose weights training starts from; None if the recipe names none."""
        found = self.recipe.train.initial_weights
        return None if found is None else str(found)

    @property
    def grouped_remarks(self) -> list[tuple[str, str]]:
        """Its remarks, each sentence once, after the names of all layers that it applies to."""
        return grouped_remarks(self.remarks)

    @cached_property
    def cost(self) -> Cost:
        """The parameters and multiply-adds of all layers together."""
        return sum((layer.cost for layer in self.layers), Cost())

    @property
    def image_bytes(self) -> int:
        """Bytes of the scaled image in float32."""
        return BYTES * math.prod(self.image_shape)

    @property
    def activation_bytes(self) -> int:
        """Bytes of the image and every layer's output, for one image in float32."""
        return self.image_bytes + sum(layer.activation_bytes for layer in self.layers)

    @property
    def batch_bytes(self) -> int:
        """`activation_bytes` of a training batch."""
        return self.activation_bytes * self.recipe.train.batch_size

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {
            "recipe": str(self.recipe.origin.file),
            "name": self.recipe.name,
            "image_shape": list(self.image_shape),
            "layers": [layer.as_json() for layer in self.layers],
            "totals": {
                "parameters": self.cost.parameters,
                "trainable_parameters": self.cost.parameters - self.cost.not_trained,
                "multiply_adds": self.cost.multiply_adds,
                "activation_bytes": self.activation_bytes,
                "batch_size": self.recipe.train.batch_size,
                "activation_bytes_per_batch": self.batch_bytes,
            },
            "initial_weights": self.initial_weights,
            "oddities": [vars(remark) for remark in self.remarks],
            "problem": None if self.problem is None else self.problem.message,
        }


def explain_model(
    recipe: Recipe,
    image_shape: Shape,
    classes: int | None,
    train_images: int | None = None,
    several_labels: str | None = None,
) -> Explanation:
    """Explain a recipe's model as far as its layers fit.

    Args:
        recipe: The recipe.
        image_shape: Height, width and channels of the images.
        classes: How many classes there are; None leaves the output unchecked.
        train_images: Number of training images, before some are set apart for validation; None
            leaves out remarks that depend on it.
        several_labels: What shows that an image may have several labels; None if each has one.

    Raises:
        RecipeError: The layers make no graph: a name is missing, or used twice.
    """
    nodes = tuple(unfold(recipe))
    shapes, problem = infer_shapes(recipe, nodes, image_shape)
    fitting = [node for node in as_written(nodes) if node.name in shapes]
    layers = _explain(fitting, shapes)
    if problem is not None:
        return Explanation(recipe, image_shape, layers, (), problem)
    plan = Plan(recipe, nodes, shapes, classes, several_labels=several_labels)
    remarks = (*find_remarks(plan), *slow_averages(plan, train_images))
    return Explanation(recipe, image_shape, layers, remarks, _end_of(plan))


def _end_of(plan: Plan) -> RecipeError | None:
    try:
        require_right_end(plan)
    except RecipeError as error:
        return error
    return None


def _explain(fitting: list[Node], shapes: Mapping[str, Shape]) -> tuple[LayerExplanation, ...]:
    fields = receptive_fields(fitting, shapes)
    return tuple(_explain_layer(node, shapes, fields[node.name]) for node in fitting)


def _explain_layer(node: Node, shapes: Mapping[str, Shape], fields: Fields) -> LayerExplanation:
    layer, (rows, columns) = node.layer, fields
    inputs, after = [shapes[name] for name in node.inputs], shapes[node.name]
    written: dict[str, Expression] = {
        **layer.written_sizes(inputs),
        "parameters": layer.parameters(inputs[0]),
        "multiply-adds": layer.multiply_adds(inputs[0], after),
    }
    return LayerExplanation(
        name=node.name,
        kind=type(layer).__name__,
        inputs=node.inputs,
        output_shape=after,
        sums=tuple(Sum(str(number), int(number), of) for of, number in written.items() if number),
        cost=node_cost(node, shapes),
        activation_bytes=0 if layer.reshapes else BYTES * math.prod(after),
        receptive_field=(rows.pixels, columns.pixels),
        weights=_weights(layer),
    )


def _weights(layer: Layer) -> str | None:
    """Return what a layer starts from, unless its weights are random."""
    if not isinstance(layer, Application) or layer.weights == NO_WEIGHTS:
        return None
    return str(layer.weights)
