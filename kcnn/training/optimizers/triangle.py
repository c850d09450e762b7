"""A learning rate that rises and falls along straight lines."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("kcnn")
class Triangle(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to its peak and falls linearly to the last step (as in Jordan, 2024).

    Args:
        initial_learning_rate: The rate of the first step.
        peak_learning_rate: The rate of step `peak_step`.
        final_learning_rate: The rate of step `steps`, which nothing is trained with any more.
        peak_step: When the rate is highest.
        steps: How many steps the whole training has.
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
        """Gives the rate of a step, counted from 0."""
        step = keras.ops.cast(step, "float32")
        rise = self.peak_learning_rate - self.initial_learning_rate
        fall = self.peak_learning_rate - self.final_learning_rate
        risen = self.initial_learning_rate + rise * step / max(1, self.peak_step)
        beyond = (step - self.peak_step) / max(1, self.steps - self.peak_step)
        fallen = self.peak_learning_rate - fall * keras.ops.minimum(beyond, 1.0)
        return keras.ops.where(step < self.peak_step, risen, fallen)

    def get_config(self) -> dict[str, Any]:
        """Gives its arguments, so that it can be made again."""
        return dict(vars(self))
