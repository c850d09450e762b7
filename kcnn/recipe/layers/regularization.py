"""Layers that change values at random while training."""

from kcnn.recipe.fields import BelowOne, UnitInterval, WholeNumber
from kcnn.recipe.layers.layer import Layer


class Noise(Layer):
    """Arguments of every layer that is random while training.

    Args:
        seed: Draws the random numbers; `train.seed` decides when left out.
    """

    seed: WholeNumber | None = None

    linear = True
    rests = True
    keeps_probabilities = True
    looks_like_input = True


class Dropout(Noise):
    """Sets a fraction of the values to 0 while training (Srivastava et al., 2014).

    Args:
        rate: The fraction.
    """

    rate: BelowOne


class SpatialDropout2D(Dropout):
    """Dropout of whole channels."""

    needs_map = True


class GaussianDropout(Dropout):
    """Multiplies values by normal noise around 1 while training (Srivastava et al., 2014).

    Args:
        rate: The noise has the deviation of `Dropout` with this rate, √(rate / (1 - rate)).
    """


class AlphaDropout(Dropout):
    """Dropout that keeps mean and variance behind SELU (Klambauer et al., 2017).

    Args:
        rate: The fraction of values that are set to SELU's lowest value.
    """


class GaussianNoise(Noise):
    """Adds normal noise while training.

    Args:
        stddev: Its deviation, from 0 to 1.
    """

    stddev: UnitInterval
