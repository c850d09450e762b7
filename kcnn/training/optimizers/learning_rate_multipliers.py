"""Learning rates of their own for some of the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras


def with_multipliers(
    optimizer_class: type[keras.optimizers.Optimizer], multipliers: Mapping[str, float]
) -> type[keras.optimizers.Optimizer]:
    """Makes an optimizer class that multiplies the learning rate of some weights.

    Weight decay keeps the optimizer's own rate, so that a faster weight is not pulled harder. A
    multiplier of 0 leaves a weight as it is, by decay and constraint as well, and out of what
    `global_clipnorm` counts.

    Args:
        optimizer_class: An optimizer whose `update_step` is what its rate is for.
        multipliers: By path of the weight.
    """

    class WithMultipliers(optimizer_class):
        def build(self, variables: list[keras.Variable]) -> None:
            super().build(variables)
            self._multipliers = tuple(multipliers.get(one.path, 1.0) for one in variables)

        def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any]) -> None:
            pairs = zip(grads, trainable_variables, strict=True)
            # The gradients that are left out, of no more use, are not computed.
            moved = [pair for pair in pairs if multipliers.get(pair[1].path) != 0]
            super().apply([gradient for gradient, _ in moved], [weight for _, weight in moved])

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            multiplier = self._multipliers[self._get_variable_index(variable)]
            super().update_step(gradient, variable, learning_rate * multiplier)

    WithMultipliers.__name__ = optimizer_class.__name__
    return WithMultipliers
