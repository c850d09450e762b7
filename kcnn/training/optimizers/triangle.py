"""A learning rate that rises and falls along straight lines."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("kcnn")
class Triangle(keras.optimizers.schedules.LearningRateSchedule):
    """Rise linearly to a peak, then fall linearly to the last step.

    The schedule of airbench94 (Jordan, 2024, arXiv:2404.00498).

    Args:
        initial_learning_rate: The rate of the first step.
        peak_learning_rate: The rate of step `peak_step`.
        final_learning_rate: The rate of step `steps`, one after the last.
        peak_step: The step with the highest rate.
        steps: The number of steps of the whole training.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        peak_learning_rate: float,
        final_learning_rate: float,
        peak_step: int,
        steps: int,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.peak_learning_rate = peak_learning_rate
        self.final_learning_rate = final_learning_rate
        self.peak_step = peak_step
        self.steps = steps

    def __call__(self, step: Any) -> Any:
        """Return the rate of a step, counted from 0."""
        step = keras.ops.cast(step, "float32")
        rise = self.peak_learning_rate - self.initial_learning_rate
        fall = self.peak_learning_rate - self.final_learning_rate
        rising = self.initial_learning_rate + rise * step / max(1, self.peak_step)
        beyond = (step - self.peak_step) / max(1, self.steps - self.peak_step)
        falling = self.peak_learning_rate - fall * keras.ops.minimum(beyond, 1.0)
        return keras.ops.where(step < self.peak_step, rising, falling)

    def get_config(self) -> dict[str, Any]:
        """Return its arguments, so that Keras can build it again."""
        return dict(vars(self))
