"""The optimizer of a recipe, with its learning rate moving as the recipe says."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import keras
from keras.optimizers import schedules

from kcnn.recipe import optimizers as kinds
from kcnn.recipe.schema import TrainSettings
from kcnn.training.optimizers.learning_rate_multipliers import with_multipliers
from kcnn.training.optimizers.muon import ConvolutionMuon
from kcnn.training.optimizers.triangle import Triangle

_OURS = {"ConvolutionMuon": ConvolutionMuon}


def make_optimizer(
    train: TrainSettings, steps_per_epoch: int, multipliers: Mapping[str, float] | None = None
) -> keras.optimizers.Optimizer:
    """Makes the optimizer of a recipe.

    Args:
        train: The recipe's training settings.
        steps_per_epoch: Steps in an epoch, because Keras's schedules count steps.
        multipliers: What the rate of some weights is multiplied by, by their path.
    """
    name = type(train.optimizer).__name__
    optimizer_class = _OURS.get(name) or getattr(keras.optimizers, name)
    arguments = train.optimizer.written()
    peak = arguments.get("learning_rate", _default_rate(optimizer_class))
    schedule = _make_schedule(train, peak, steps_per_epoch)
    if schedule is not None:
        arguments["learning_rate"] = schedule
    if multipliers:
        optimizer_class = with_multipliers(optimizer_class, multipliers)
    return optimizer_class(**arguments)


def _default_rate(optimizer_class: type[keras.optimizers.Optimizer]) -> float:
    # Of the class: an optimizer's own rate is a variable, on several devices one for each.
    return float(inspect.signature(optimizer_class).parameters["learning_rate"].default)


def _make_schedule(
    train: TrainSettings, peak: float, steps_per_epoch: int
) -> schedules.LearningRateSchedule | None:
    schedule = train.learning_rate_schedule
    steps = train.epochs * steps_per_epoch
    match schedule:
        case kinds.Step():
            boundaries = [round(epoch * steps_per_epoch) - 1 for epoch in schedule.epochs]
            values = [peak * schedule.factor**drop for drop in range(len(boundaries) + 1)]
            return schedules.PiecewiseConstantDecay(boundaries, values)
        case kinds.Exponential():
            return schedules.ExponentialDecay(peak, steps_per_epoch, schedule.factor)
        case kinds.Constant(warmup_epochs=warmup) if warmup:
            return _risen_cosine(peak, round(warmup * steps_per_epoch), steps, final_fraction=1.0)
        case kinds.Cosine(warmup_epochs=warmup, final_fraction=final):
            return _risen_cosine(peak, round(warmup * steps_per_epoch), steps, final)
        case kinds.OneCycle():
            warmup = max(1, round(schedule.warmup_fraction * steps))
            start = schedule.start_fraction
            return _risen_cosine(peak, warmup, steps, schedule.final_fraction, start)
        case kinds.Triangle(start_fraction=start, final_fraction=final):
            peak_step = round(schedule.peak_fraction * steps)
            return Triangle(peak * start, peak, peak * final, peak_step, steps)
    return None  # constant, or moved by a callback


def _risen_cosine(
    peak: float, warmup: int, steps: int, final_fraction: float, start_fraction: float = 0.0
) -> schedules.CosineDecay:
    """Rises linearly over `warmup` steps, then falls along half a cosine to the last step."""
    rise: dict[str, Any] = {"warmup_target": peak, "warmup_steps": warmup} if warmup else {}
    return schedules.CosineDecay(
        initial_learning_rate=peak * start_fraction if warmup else peak,
        decay_steps=max(1, steps - warmup),
        alpha=final_fraction,
        **rise,
    )
