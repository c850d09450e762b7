"""Keras's optimizer from a recipe."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import keras

from kcnn.recipe.train_settings import TrainSettings
from kcnn.training.optimizers.fused import FusedAdam, FusedAdamW, FusedSGD
from kcnn.training.optimizers.learning_rate_multipliers import with_multipliers
from kcnn.training.optimizers.muon import ConvolutionMuon
from kcnn.training.optimizers.schedules import make_schedule

_OURS = {"ConvolutionMuon": ConvolutionMuon}
_FUSED: dict[str, type[keras.optimizers.Optimizer]] = {
    "Adam": FusedAdam,
    "AdamW": FusedAdamW,
    "SGD": FusedSGD,
}


def make_optimizer(
    train: TrainSettings,
    steps_per_epoch: int,
    multipliers: Mapping[str, float] | None = None,
    fused: bool = False,
) -> keras.optimizers.Optimizer:
    """Build the optimizer of a recipe, with its learning-rate schedule.

    Args:
        train: The recipe's training settings.
        steps_per_epoch: Steps in an epoch; Keras's schedules count steps.
        multipliers: Factors for the learning rate of some weights, by the weight's path.
        fused: Whether to update each weight by one operation, which works on one device only.
    """
    name = type(train.optimizer).__name__
    ours = _OURS | _FUSED if fused else _OURS
    optimizer_class = ours.get(name) or getattr(keras.optimizers, name)
    arguments = train.optimizer.written()
    peak = arguments.get("learning_rate", _default_rate(optimizer_class))
    schedule = make_schedule(train, peak, steps_per_epoch)
    if schedule is not None:
        arguments["learning_rate"] = schedule
    if multipliers:
        optimizer_class = with_multipliers(optimizer_class, multipliers)
    return optimizer_class(**arguments)


def _default_rate(optimizer_class: type[keras.optimizers.Optimizer]) -> float:
    # From the signature: an instance's rate is a variable, on several devices one for each.
    return float(inspect.signature(optimizer_class).parameters["learning_rate"].default)
