"""Activation layers."""

from __future__ import annotations

from kcnn.recipe.constraints import Constraint
from kcnn.recipe.fields import ActivationName, Axes, NotNegative
from kcnn.recipe.initializers import Initializer
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.regularizers import Regularizer


class Activation(Layer):
    """An activation function as a layer of its own.

    Args:
        activation: Which one.
    """

    activation: ActivationName


class ReLU(Layer):
    """max(0, x), or as its settings say.

    Args:
        max_value: The largest result.
        negative_slope: The slope below the threshold.
        threshold: From where on values pass as they are.
    """

    max_value: NotNegative | None = None
    negative_slope: NotNegative | None = None
    threshold: NotNegative | None = None


class LeakyReLU(Layer):
    """x, or `negative_slope` times x below 0 (Maas et al., 2013).

    Args:
        negative_slope: What values below 0 are multiplied by.
    """

    negative_slope: NotNegative | None = None


class PReLU(Layer):
    """Leaky ReLU with learned slopes (He et al., 2015)."""

    alpha_initializer: Initializer | None = None
    alpha_regularizer: Regularizer | None = None
    alpha_constraint: Constraint | None = None
    shared_axes: Axes | None = None
    trainable: bool | None = None


class ELU(Layer):
    """x, or alpha (exp(x) - 1) below 0 (Clevert et al., 2016).

    Args:
        alpha: Minus the lowest result.
    """

    alpha: NotNegative | None = None


class Softmax(Layer):
    """Probabilities that sum to 1.

    Args:
        axis: Over which they sum.
    """

    axis: Axes = -1
