"""Layers that change values at random while training."""

from __future__ import annotations

from kcnn.recipe.fields import BelowOne, UnitInterval, WholeNumber
from kcnn.recipe.layers.layer import Layer


class Dropout(Layer):
    """Sets a share of the values to 0 while training (Srivastava et al., 2014).

    Args:
        rate: The share.
        seed: Draws them; `train.seed` decides when left out.
    """

    rate: BelowOne
    seed: WholeNumber | None = None


class SpatialDropout2D(Dropout):
    """Dropout of whole channels."""


class GaussianNoise(Layer):
    """Adds normal noise while training.

    Args:
        stddev: Its deviation, from 0 to 1.
        seed: Draws it; `train.seed` decides when left out.
    """

    stddev: UnitInterval
    seed: WholeNumber | None = None
