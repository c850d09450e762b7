"""Learning-rate schedules, which change the rate of an optimizer during training."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from kcnn.recipe.fields import (
    NotNegative,
    Positive,
    Settings,
    UnitInterval,
    WholeNumber,
    choice,
    mistake,
)
from kcnn.recipe.kinds import OneOf, table


class Constant(Settings):
    """The optimizer's rate throughout, after a linear rise from 0.

    Args:
        warmup_epochs: How long the rise takes.
    """

    warmup_epochs: NotNegative = 0.0


class Step(Settings):
    """The optimizer's rate, multiplied by `factor` at each of some epochs.

    Args:
        epochs: Epochs after which the rate drops, in rising order.
        factor: Multiplier of the rate each time.
    """

    epochs: Annotated[list[Positive], Field(min_length=1)]
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.1

    @model_validator(mode="after")
    def _rising(self) -> Step:
        if sorted(set(self.epochs)) != self.epochs:
            raise mistake("not_rising", epochs=self.epochs)
        return self


class Exponential(Settings):
    """The optimizer's rate, multiplied by `factor` over each epoch.

    Args:
        factor: Fraction of the rate that is left after an epoch.
    """

    factor: Annotated[float, Field(gt=0, lt=1)]


class Cosine(Settings):
    """Fall from the optimizer's rate along half a cosine (Loshchilov and Hutter, 2017).

    Args:
        warmup_epochs: A linear rise from 0 before it.
        final_fraction: Fraction of the rate at the end.
    """

    warmup_epochs: NotNegative = 0.0
    final_fraction: UnitInterval = 0.0


class OneCycle(Settings):
    """Rise to the optimizer's rate and fall along a cosine (Smith and Topin, 2018).

    Args:
        warmup_fraction: Fraction of the training in which the rate rises.
        start_fraction: Fraction of the rate at the start.
        final_fraction: Fraction of the rate at the end.
    """

    warmup_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.3
    start_fraction: UnitInterval = 0.04
    final_fraction: UnitInterval = 0.0


class Triangle(Settings):
    """Rise to the optimizer's rate and fall again, both linearly (as in Jordan, 2024).

    Args:
        peak_fraction: Fraction of the training in which the rate rises.
        start_fraction: Fraction of the rate at the start.
        final_fraction: Fraction of the rate at the end.
    """

    peak_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.23
    start_fraction: UnitInterval = 0.2
    final_fraction: UnitInterval = 0.07


class ReduceLROnPlateau(Settings):
    """Lower the rate when a metric stops improving, as Keras's callback of that name does.

    Args:
        monitor: The metric to watch: loss, accuracy or another, as in `val_accuracy`.
        factor: Multiplier of the rate each time.
        patience: How many epochs without a better value to wait for.
        min_delta: How much better a value must be to count as better.
        cooldown: Epochs after a drop that do not count.
        min_lr: The lowest rate.
        mode: Whether lower is better (min) or higher (max); auto decides by the name.
    """

    monitor: str | None = None
    factor: Annotated[float | None, Field(gt=0, lt=1)] = None
    patience: WholeNumber | None = None
    min_delta: NotNegative | None = None
    cooldown: WholeNumber | None = None
    min_lr: NotNegative | None = None
    mode: Annotated[str | None, choice("auto", "min", "max")] = None


SCHEDULES = table(Constant, Step, Exponential, Cosine, OneCycle, Triangle, ReduceLROnPlateau)

AnySchedule = Annotated[Settings, OneOf(SCHEDULES, "learning-rate schedule")]
