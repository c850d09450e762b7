"""A recipe's network worked out for given images, before any of it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kcnn.errors import RecipeError
from kcnn.model.arithmetic.costs import Cost, total_cost
from kcnn.model.arithmetic.infer_shapes import infer_shapes
from kcnn.model.arithmetic.shapes import Shape, shown
from kcnn.model.graph import Node, unfold
from kcnn.model.output import Link, OutputActivation, output_activation
from kcnn.model.own_initializers import require_room_for_initializers
from kcnn.recipe import Recipe
from kcnn.recipe import layers as kinds
from kcnn.recipe.losses import Loss, Metric


@dataclass(frozen=True)
class Plan:
    """A network whose every layer fits.

    Args:
        recipe: The recipe it is of.
        nodes: Its layers, each after all that it reads.
        shapes: Output shapes by name of layer, `image` among them.
        classes: The number of classes; None when it is not known yet.
    """

    recipe: Recipe
    nodes: tuple[Node, ...]
    shapes: Mapping[str, Shape]
    classes: int | None

    @property
    def image_shape(self) -> Shape:
        """Height, width and channels of the images."""
        return self.shapes["image"]

    @cached_property
    def cost(self) -> Cost:
        """Parameters and multiply-adds of the whole network."""
        return total_cost(self.nodes, self.shapes)

    @property
    def learning_rate_multipliers(self) -> dict[str, float]:
        """What the learning rate of some weights is multiplied by, by their path."""
        return {
            node.path(name): multiplier
            for node in self.nodes
            for name, multiplier in node.multipliers.items()
        }

    @property
    def output_activation(self) -> OutputActivation:
        """What the network does to its last sums; `linear` means that it gives logits."""
        return output_activation(
            {
                node.name: Link(
                    kind=type(node.layer).__name__,
                    activation=getattr(node.layer, "activation", None),
                    axis=getattr(node.layer, "axis", None),
                    shape=self.shapes[node.name],
                    inputs=node.inputs,
                )
                for node in self.nodes
            }
        )


def plan_network(recipe: Recipe, image_shape: Shape, classes: int | None) -> Plan:
    """Works a recipe's network out: unfolds it, computes every shape, checks the output.

    Args:
        recipe: The recipe.
        image_shape: Height, width and channels of the images.
        classes: How many classes there are; None leaves the output unchecked.

    Raises:
        RecipeError: Some layer does not fit, the output is not one number a class, an initializer
            has no room, a learning-rate multiplier means no weight, or test images would be
            shifted out of themselves.
    """
    _require_near_shifts(recipe, image_shape)
    nodes = tuple(unfold(recipe))
    require_room_for_initializers(recipe, nodes, image_shape)
    plan = Plan(recipe, nodes, infer_shapes(recipe, nodes, image_shape), classes)
    require_right_end(plan)
    return plan


def require_right_end(plan: Plan) -> None:
    """Makes sure that a network ends as its classes and its loss need it.

    Raises:
        RecipeError: The output is not one number a class, or the loss needs probabilities.
    """
    if plan.classes is not None:
        _require_output(plan, plan.classes)
    _require_probabilities(plan)


def _require_near_shifts(recipe: Recipe, image_shape: Shape) -> None:
    changes, smaller_side = recipe.data.test_time_augmentation, min(image_shape[:2])
    if changes is None or changes.shift is None or changes.shift < smaller_side:
        return
    message = (
        f"{changes.shift} is not below the {smaller_side} pixels of the images' smaller side, so "
        "that the mirrored edge cannot fill the gap; write a smaller one, as in 1"
    )
    place = ("data", "test_time_augmentation", "shift")
    raise RecipeError([recipe.origin.problem(place, message)])


def _require_output(plan: Plan, classes: int) -> None:
    last = plan.nodes[-1]
    shape = plan.shapes[last.name]
    if shape == (classes,):
        return
    if len(shape) > 1:
        advice = f"end with Flatten or GlobalAveragePooling2D and Dense: {{units: {classes}}}"
    elif isinstance(last.layer, kinds.Dense):
        advice = f"write units: {classes}"
    else:
        advice = f"end with Dense: {{units: {classes}}}"
    message = (
        f"layer {last.name}: the output is {shown(shape)}, but {plan.recipe.data.dataset} has "
        f"{classes} classes; {advice}"
    )
    raise RecipeError([plan.recipe.origin.problem(last.place, message)])


def _require_probabilities(plan: Plan) -> None:
    train = plan.recipe.train
    if plan.output_activation != "linear":
        return
    measures = {("train", "loss"): train.loss} | {
        ("train", "metrics", index): metric for index, metric in enumerate(train.metrics)
    }
    problems = [
        plan.recipe.origin.problem(
            place,
            f"{_named(measure)} needs probabilities, and the network ends in logits; end it "
            "with activation: softmax",
        )
        for place, measure in measures.items()
        if measure.needs_probabilities or _denies_logits(measure)
    ]
    if problems:
        raise RecipeError(problems)


def _denies_logits(measure: Loss | Metric) -> bool:
    return getattr(measure, "from_logits", None) is False


def _named(measure: Loss | Metric) -> str:
    name = type(measure).__name__
    return f"{name} with from_logits: false" if _denies_logits(measure) else name
