"""Learning rates of their own for some of the weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras


def with_multipliers(
    optimizer_class: type[keras.optimizers.Optimizer], multipliers: Mapping[str, float]
) -> type[keras.optimizers.Optimizer]:
    """Makes an optimizer class that multiplies the learning rate of some weights.

    Weight decay keeps the optimizer's own rate, so that a faster weight is not pulled harder. A
    multiplier of 0 leaves a weight as it is, by decay as well.

    Args:
        optimizer_class: An optimizer whose `update_step` is what its rate is for.
        multipliers: By path of the weight.
    """

    class WithMultipliers(optimizer_class):
        def build(self, variables: list[keras.Variable]) -> None:
            super().build(variables)
            self._multipliers = tuple(multipliers.get(one.path, 1.0) for one in variables)

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            multiplier = self._multiplier(variable)
            if multiplier == 0:
                return  # and the gradient, of no more use, is not computed
            super().update_step(gradient, variable, learning_rate * multiplier)

        def _use_weight_decay(self, variable: Any) -> bool:
            return self._multiplier(variable) != 0 and super()._use_weight_decay(variable)

        def _multiplier(self, variable: Any) -> float:
            return self._multipliers[self._get_variable_index(variable)]

    WithMultipliers.__name__ = optimizer_class.__name__
    return WithMultipliers
