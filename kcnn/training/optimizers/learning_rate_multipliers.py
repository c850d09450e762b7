"""Multiply the learning rate of some weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras


def with_multipliers(
    optimizer_class: type[keras.optimizers.Optimizer], multipliers: Mapping[str, float]
) -> type[keras.optimizers.Optimizer]:
    """Derive an optimizer class that multiplies the learning rate of some weights.

    Weight decay uses the optimizer's own rate, so that a weight with a larger rate does not decay
    faster. With a multiplier of 0, nothing changes a weight, not even decay or a constraint, and
    `global_clipnorm` does not count its gradient.

    Args:
        optimizer_class: An optimizer that uses its rate in `update_step` alone.
        multipliers: By the weight's path.
    """

    class WithMultipliers(optimizer_class):
        def build(self, variables: list[keras.Variable]) -> None:
            super().build(variables)
            self._multipliers = tuple(multipliers.get(weight.path, 1.0) for weight in variables)

        def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any]) -> None:
            pairs = zip(grads, trainable_variables, strict=True)
            # TensorFlow does not compute the gradients that are left out: nothing uses them.
            moved = [pair for pair in pairs if multipliers.get(pair[1].path) != 0]
            super().apply([gradient for gradient, _ in moved], [weight for _, weight in moved])

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            multiplier = self._multipliers[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * multiplier)

    WithMultipliers.__name__ = optimizer_class.__name__
    return WithMultipliers
