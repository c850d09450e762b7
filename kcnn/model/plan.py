"""A recipe's model planned for images of a shape: its layers and all shapes, without Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kcnn.errors import RecipeError
from kcnn.model.application_inputs import misread_applications
from kcnn.model.constraint_axes import constraints_off_their_weights
from kcnn.model.costs import Cost, total_cost
from kcnn.model.graph import Node, unfold
from kcnn.model.initializer_requirements import initializer_problems
from kcnn.model.output_activation import Link, OutputActivation, output_activation
from kcnn.model.shapes import infer_shapes
from kcnn.recipe import Recipe
from kcnn.recipe import layers as kinds
from kcnn.recipe.layers.shapes import Shape
from kcnn.recipe.losses import Loss, Metric, Precision, TopKCategoricalAccuracy
from kcnn.recipe.source import Location
from kcnn.text.numbers import shape_text

MAX_NAMED = 10  # classes in a message
KERAS_K = 5  # the default of TopKCategoricalAccuracy


@dataclass(frozen=True)
class Plan:
    """A model whose layers all fit.

    Args:
        recipe: The recipe.
        nodes: Its layers, each after all that it reads.
        shapes: Output shapes by name of layer, `image` among them.
        classes: The number of classes; None when it is not known yet.
        class_names: Their names, for messages; empty if nobody could doubt them.
        several_labels: What shows that an image may have several labels, for messages; None if each
            has one class.
    """

    recipe: Recipe
    nodes: tuple[Node, ...]
    shapes: Mapping[str, Shape]
    classes: int | None
    class_names: Sequence[str] = ()
    several_labels: str | None = None

    @property
    def has_several_labels(self) -> bool:
        """Whether an image may have several labels, or none."""
        return self.several_labels is not None

    @property
    def image_shape(self) -> Shape:
        """Height, width and channels of the images."""
        return self.shapes["image"]

    @cached_property
    def cost(self) -> Cost:
        """The parameters and multiply-adds of the whole model."""
        return total_cost(self.nodes, self.shapes)

    @property
    def learning_rate_multipliers(self) -> dict[str, float]:
        """The learning-rate multiplier of each weight that has one, by its path."""
        return {
            node.path(name): multiplier
            for node in self.nodes
            for name, multiplier in node.multipliers.items()
        }

    @property
    def output_activation(self) -> OutputActivation:
        """The activation of the output; `linear` means that the outputs are logits."""
        return output_activation(
            {
                node.name: Link(
                    activation=node.layer.output_activation(len(self.shapes[node.name])),
                    keeps_probabilities=node.layer.keeps_probabilities,
                    width=self.shapes[node.name][-1],
                    inputs=node.inputs,
                )
                for node in self.nodes
            }
        )


def plan_model(
    recipe: Recipe,
    image_shape: Shape,
    classes: int | None,
    class_names: Sequence[str] = (),
    several_labels: str | None = None,
) -> Plan:
    """Plan a recipe's model: unfold the layers, compute all shapes and check the output.

    Args:
        recipe: The recipe.
        image_shape: Height, width and channels of the images.
        classes: Number of classes; None if unknown, then the output is not checked.
        class_names: Their names, where a message should name them: those of a user's own images.
        several_labels: What shows that an image may have several labels; None if each has one.

    Raises:
        RecipeError: The layers do not form a graph. Or, reported together: a layer does not fit
            its input, a convolution does not fit its initializer, a constraint is along an axis
            that its weight does not have, a shift of the test images is too large, or the output
            does not fit the classes, the loss and the metrics, or these do not fit several labels.
    """
    nodes = tuple(unfold(recipe))
    shapes, misfit = infer_shapes(recipe, nodes, image_shape)
    problems = [
        *_far_shifts(recipe, image_shape),
        *misread_applications(recipe, nodes),
        *initializer_problems(recipe, nodes, image_shape),
        *constraints_off_their_weights(recipe, nodes, shapes),
    ]
    if misfit is not None:
        raise RecipeError([*problems, *misfit.problems])
    plan = Plan(recipe, nodes, shapes, classes, class_names, several_labels)
    problems += _mistakes_of_the_end(plan)
    if problems:
        raise RecipeError(problems)
    return plan


def require_right_end(plan: Plan) -> None:
    """Check that a model's output fits its classes, its loss and its metrics.

    Raises:
        RecipeError: The output does not have a value for each class, a loss or metric needs
            probabilities, or a top-k metric has a k that is not below the number of classes.
    """
    if problems := _mistakes_of_the_end(plan):
        raise RecipeError(problems)


def _mistakes_of_the_end(plan: Plan) -> list[str]:
    if plan.classes is None:
        return [*_one_label_only(plan), *_missing_probabilities(plan)]
    return [
        *_one_label_only(plan),
        *_wrong_output(plan, plan.classes),
        *_missing_probabilities(plan),
        *_highest_of_too_few(plan, plan.classes),
    ]


def _far_shifts(recipe: Recipe, image_shape: Shape) -> Iterator[str]:
    changes, smaller_side = recipe.data.test_time_augmentation, min(image_shape[:2])
    if changes is None or changes.shift is None or changes.shift < smaller_side:
        return
    message = (
        f"{changes.shift} is not below the {smaller_side} pixels of the images' smaller side, so "
        "that the mirrored edge cannot fill the gap; write a smaller one, as in 1"
    )
    yield recipe.origin.problem(("data", "test_time_augmentation", "shift"), message)


def _wrong_output(plan: Plan, classes: int) -> Iterator[str]:
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
    more = ", …" if len(plan.class_names) > MAX_NAMED else ""
    names = f" ({', '.join(plan.class_names[:MAX_NAMED])}{more})" if plan.class_names else ""
    message = (
        f"layer {last.name}: the output is {shape_text(shape)}, but "
        f"{plan.recipe.data.dataset} has {classes} classes{names}; {advice}"
    )
    yield plan.recipe.origin.problem(last.loc, message)


def _one_label_only(plan: Plan) -> Iterator[str]:
    """Find what cannot be used where an image may have several labels."""
    if plan.several_labels is None:
        return
    origin, last, loss = plan.recipe.origin, plan.nodes[-1], plan.recipe.train.loss
    if not loss.has_independent_outputs:
        message = (
            f"{type(loss).__name__} is for images of one class each, but {plan.several_labels}; "
            "write loss: binary_crossentropy"
        )
        yield origin.problem(("train", "loss"), message)
    if plan.output_activation == "softmax":
        message = (
            f"layer {last.name}: softmax is for images of one class each, but "
            f"{plan.several_labels}; write activation: sigmoid"
        )
        yield origin.problem(last.loc, message)
    for loc, measure in _measures(plan):
        if isinstance(measure, TopKCategoricalAccuracy):
            message = (
                f"{_named(measure)} is for images of one class each, but {plan.several_labels}; "
                "write AUC: {multi_label: true}, or leave it out"
            )
            yield origin.problem(loc, message)


def _missing_probabilities(plan: Plan) -> Iterator[str]:
    if plan.output_activation != "linear":
        return
    activation = "sigmoid" if plan.has_several_labels else "softmax"
    for loc, measure in _measures(plan):
        if measure.needs_probabilities or _denies_logits(measure):
            message = (
                f"{_named(measure)} needs probabilities, and the model ends in logits; end it "
                f"with activation: {activation}"
            )
            yield plan.recipe.origin.problem(loc, message)


def _highest_of_too_few(plan: Plan, classes: int) -> Iterator[str]:
    for loc, measure in _measures(plan):
        if isinstance(measure, TopKCategoricalAccuracy):
            setting, highest = "k", KERAS_K if measure.k is None else measure.k
        elif isinstance(measure, Precision) and measure.top_k is not None:
            setting, highest = "top_k", measure.top_k
        else:
            continue
        if highest >= classes:
            message = (
                f"{_named(measure)} takes the {highest} highest outputs together, which means "
                f"nothing for {classes} classes; write a {setting} below {classes}"
            )
            yield plan.recipe.origin.problem(loc, message)


def _measures(plan: Plan) -> Iterator[tuple[Location, Loss | Metric]]:
    train = plan.recipe.train
    yield ("train", "loss"), train.loss
    for index, metric in enumerate(train.metrics):
        yield ("train", "metrics", index), metric


def _denies_logits(measure: Loss | Metric) -> bool:
    return getattr(measure, "from_logits", None) is False


def _named(measure: Loss | Metric) -> str:
    name = type(measure).__name__
    return f"{name} with from_logits: false" if _denies_logits(measure) else name
