"""Regularizers of weights, under Keras's names."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypeAliasType

from kcnn.recipe.fields import NotNegative, Settings
from kcnn.recipe.kinds import OneOf, table


class L1(Settings):
    """Adds `l1` times the sum of absolute weights to the loss.

    Args:
        l1: What their sum is multiplied by.
    """

    l1: NotNegative | None = None


class L2(Settings):
    """Adds `l2` times the sum of squared weights to the loss.

    Args:
        l2: What their sum is multiplied by.
    """

    l2: NotNegative | None = None


class L1L2(L1, L2):
    """Both penalties."""


REGULARIZERS = table(L2, L1, L1L2)
Regularizer = TypeAliasType("Regularizer", Annotated[Settings, OneOf(REGULARIZERS, "regularizer")])
