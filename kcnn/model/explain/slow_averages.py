"""Remarks on batch normalization whose moving averages cannot arrive before training ends."""

from __future__ import annotations

from kcnn.data.counts import CountError, resolve_count
from kcnn.model.explain.remarks import Remark
from kcnn.model.graph import unfold
from kcnn.model.plan import Plan
from kcnn.recipe import Recipe
from kcnn.recipe.layers import BatchNormalization
from kcnn.text.numbers import count_text, per_cent

KERAS_MOMENTUM = 0.99
ROUND_MOMENTA = (0.99, 0.95, 0.9, 0.8, 0.5)
# Fraction of the initial mean (0) and variance (1) that may be left. It must be this small because
# the variance of a layer's input is often far below 1. The accuracy of three convolutions with
# batch normalization, on 200 images of the digits, at momentum 0.95 (and 0.9) after the same steps:
# 1.3 % left, 45 % (94 %); 0.5 %, 85 % (94 %); 0.1 %, 94 % (95 %); 0.01 %, both 95 %. On 200 images
# of CIFAR-10: 1.3 % left, 22 % (34 %); 0.5 %, 30 % (35 %); 0.1 %, 33 % (35 %); 0.01 %, both 37 %.
MAX_LEFT = 0.001
# The momentum that is recommended leaves less, so that the next change does not bring it back.
RECOMMENDED_LEFT = 0.0001


def has_moving_averages(recipe: Recipe) -> bool:
    """Return whether a recipe's model has batch normalization that training moves.

    Raises:
        RecipeError: The layers make no graph.
    """
    return any(_moves(node.layer) for node in unfold(recipe))


def slow_averages(plan: Plan, train_images: int | None) -> list[Remark]:
    """List the layers whose moving averages stay near their initial values.

    A step keeps the fraction `momentum` of the moving mean and variance. After all steps, the
    fraction momentum^steps of their initial values is left, and predictions use it.

    Args:
        plan: The model's plan.
        train_images: Number of training images, before some are set apart for validation; None if
            unknown, then nothing is remarked.
    """
    if train_images is None or plan.recipe.train.initial_weights is not None:
        return []  # averages that another run left have arrived
    steps = training_steps(plan.recipe, train_images)
    if not steps:
        return []
    found = []
    for node in plan.nodes:
        if not isinstance(node.layer, BatchNormalization) or not _moves(node.layer):
            continue
        momentum = node.layer.momentum
        momentum = KERAS_MOMENTUM if momentum is None else momentum
        if (left := momentum**steps) > MAX_LEFT:
            found.append(Remark(node.name, _sentence(momentum, steps, left)))
    return found


def training_steps(recipe: Recipe, train_images: int) -> int | None:
    """Return the number of steps of a training; None if the images do not suffice.

    Args:
        recipe: The settings in force.
        train_images: Number of training images, before some are set apart for validation.
    """
    train, validation = recipe.train, recipe.data.validation
    if validation:
        try:
            train_images -= resolve_count(validation, train_images, 1, "data.validation")
        except CountError:
            return None
    steps = train_images // train.batch_size
    if train_images % train.batch_size and not train.drop_remainder:
        steps += 1
    return train.epochs * steps


def _moves(layer: object) -> bool:
    # Keras runs a frozen layer as outside training, with its averages as they are.
    return isinstance(layer, BatchNormalization) and layer.trainable is not False


def _sentence(momentum: float, steps: int, left: float) -> str:
    fitting = [value for value in ROUND_MOMENTA if value**steps <= RECOMMENDED_LEFT]
    fix = f"write momentum: {fitting[0]:g}" if fitting else "train for more steps"
    return (
        f"after {count_text(steps, 'step')} the moving mean and variance, which predictions use, "
        f"still keep {per_cent(left, 1)} of their initial values (momentum {momentum:g}); {fix}"
    )
