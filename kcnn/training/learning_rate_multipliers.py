"""Learning rates of their own for some of the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import keras

from kcnn.errors import RecipeError
from kcnn.recipe import Recipe
from kcnn.recipe.fields import shown, suggest

_PLACE = ("train", "learning_rate_multipliers")


def multipliers_of_weights(recipe: Recipe, weights: Sequence[str]) -> dict[str, float]:
    """Finds the weights that the recipe's patterns mean.

    Args:
        recipe: The recipe.
        weights: Paths of the weights that are trained: `conv2d/kernel`.

    Returns:
        The multiplier of each weight that has one, by its path.

    Raises:
        RecipeError: A pattern means no weight, or two mean the same.
    """
    found: dict[str, float] = {}
    patterns: dict[str, str] = {}
    problems = []
    for pattern, multiplier in (recipe.train.learning_rate_multipliers or {}).items():
        meant = [weight for weight in weights if fnmatchcase(weight, pattern)]
        if not meant:
            problems.append((pattern, f"no weight that is trained{_near(pattern, weights)}"))
        twice = next((weight for weight in meant if weight in found), None)
        if twice is not None:
            problems.append((pattern, f"{twice} is meant by {shown(patterns[twice])} already"))
        found |= dict.fromkeys(meant, multiplier)
        patterns |= dict.fromkeys(meant, pattern)
    if problems:
        raise RecipeError(
            [recipe.origin.problem((*_PLACE, pattern), text) for pattern, text in problems]
        )
    return found


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


def _near(pattern: str, weights: Sequence[str]) -> str:
    near = suggest(pattern, weights)
    return near or f"; a pattern is as in */{weights[-1].rpartition('/')[2]} or {weights[0]}"
