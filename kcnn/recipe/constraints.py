"""Constraints of weights, under Keras's names."""

from __future__ import annotations

from typing import Annotated

from pydantic import model_validator
from typing_extensions import TypeAliasType

from kcnn.recipe.fields import Axes, NotNegative, Positive, Settings, UnitInterval, require_order
from kcnn.recipe.kinds import OneOf, table


class MaxNorm(Settings):
    """Keeps the norm of a unit's weights below a value.

    Args:
        max_value: The value.
        axis: The axes of one unit's weights: 0 for `Dense`, [0, 1, 2] for `Conv2D`.
    """

    max_value: Positive | None = None
    axis: Axes | None = None


class MinMaxNorm(Settings):
    """Keeps the norm of a unit's weights between two values.

    Args:
        min_value: The lower bound.
        max_value: The upper bound.
        rate: Fraction of the way back into these bounds that each step takes.
        axis: The axes of one unit's weights: 0 for `Dense`, [0, 1, 2] for `Conv2D`.
    """

    min_value: NotNegative | None = None
    max_value: Positive | None = None
    rate: UnitInterval | None = None
    axis: Axes | None = None

    @model_validator(mode="after")
    def _in_order(self) -> MinMaxNorm:
        lowest = 0 if self.min_value is None else self.min_value
        highest = 1 if self.max_value is None else self.max_value
        require_order(min_value=lowest, max_value=highest)
        return self


class NonNeg(Settings):
    """Keeps weights at or above 0."""


class UnitNorm(Settings):
    """Keeps the norm of a unit's weights at 1.

    Args:
        axis: The axes of one unit's weights: 0 for `Dense`, [0, 1, 2] for `Conv2D`.
    """

    axis: Axes | None = None


CONSTRAINTS = table(MaxNorm, MinMaxNorm, NonNeg, UnitNorm)
Constraint = TypeAliasType("Constraint", Annotated[Settings, OneOf(CONSTRAINTS, "constraint")])
