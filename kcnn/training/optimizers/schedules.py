"""Keras's learning-rate schedule from a recipe."""

from __future__ import annotations

from typing import Any

from keras.optimizers import schedules

from kcnn.recipe import schedules as kinds
from kcnn.recipe.train_settings import TrainSettings
from kcnn.training.optimizers.triangle import Triangle


def make_schedule(
    train: TrainSettings, peak: float, steps_per_epoch: int
) -> schedules.LearningRateSchedule | None:
    """Build the recipe's schedule; None if the rate is constant, or if a callback changes it.

    Args:
        train: The recipe's training settings.
        peak: The optimizer's learning rate; the highest of the schedule.
        steps_per_epoch: Steps in an epoch.
    """
    schedule = train.learning_rate_schedule
    steps = train.epochs * steps_per_epoch
    match schedule:
        case kinds.Step():
            # Keras drops the rate after a boundary, so the last step of the epoch is the boundary.
            boundaries = [round(epoch * steps_per_epoch) - 1 for epoch in schedule.epochs]
            values = [peak * schedule.factor**drop for drop in range(len(boundaries) + 1)]
            return schedules.PiecewiseConstantDecay(boundaries, values)
        case kinds.Exponential():
            return schedules.ExponentialDecay(peak, steps_per_epoch, schedule.factor)
        case kinds.Constant(warmup_epochs=warmup) if warmup:
            return _warmup_and_cosine(
                peak, round(warmup * steps_per_epoch), steps, final_fraction=1.0
            )
        case kinds.Cosine(warmup_epochs=warmup, final_fraction=final):
            return _warmup_and_cosine(peak, round(warmup * steps_per_epoch), steps, final)
        case kinds.OneCycle():
            warmup = max(1, round(schedule.warmup_fraction * steps))
            start = schedule.start_fraction
            return _warmup_and_cosine(peak, warmup, steps, schedule.final_fraction, start)
        case kinds.Triangle(start_fraction=start, final_fraction=final):
            peak_step = round(schedule.peak_fraction * steps)
            return Triangle(peak * start, peak, peak * final, peak_step, steps)
    return None


def _warmup_and_cosine(
    peak: float, warmup: int, steps: int, final_fraction: float, start_fraction: float = 0.0
) -> schedules.CosineDecay:
    """Rise linearly for `warmup` steps, then fall along half a cosine to the last step.

    The cosine is that of SGDR (Loshchilov and Hutter, 2017, arXiv:1608.03983) without restarts; the
    linear warmup is that of Goyal et al. (2017, arXiv:1706.02677).
    """
    rise: dict[str, Any] = {"warmup_target": peak, "warmup_steps": warmup} if warmup else {}
    return schedules.CosineDecay(
        initial_learning_rate=peak * start_fraction if warmup else peak,
        decay_steps=max(1, steps - warmup),
        alpha=final_fraction,
        **rise,
    )
