"""What layers with a kernel share: arguments of kernel and bias, weights and costs."""

from __future__ import annotations

from typing import ClassVar

from kcnn.recipe.constraints import Constraint
from kcnn.recipe.fields import ActivationName, Settings
from kcnn.recipe.initializers import Initializer
from kcnn.recipe.layers.expression import Expression, Number
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.regularizers import Regularizer


class Weighted(Layer):
    """What every layer with a kernel takes.

    Args:
        activation: What its result goes through; nothing when left out.
        use_bias: Adds a learned number to each channel or unit.
        bias_initializer: How these weights begin.
        bias_regularizer: What the loss adds to keep these weights small.
        bias_constraint: What these weights must keep to after each step.
        trainable: Whether training changes its weights.
    """

    activation: ActivationName = None
    use_bias: bool = True
    bias_initializer: Initializer | None = None
    bias_regularizer: Regularizer | None = None
    bias_constraint: Constraint | None = None
    trainable: bool | None = None

    has_kernel = True
    linear = True
    kernel_names: ClassVar[tuple[str, ...]] = ("kernel",)

    @property
    def weight_names(self) -> tuple[str, ...]:
        """Names of its kernels, and of its bias if it has one."""
        return (*self.kernel_names, "bias") if self.use_bias else self.kernel_names

    def _with_bias(self, weights: Expression, outputs: Number) -> Expression:
        """Count the parameters: those of one output, with its bias, times the outputs."""
        return (weights + 1 if self.use_bias else weights) * outputs


class KernelSettings(Settings):
    """What a layer with one kernel takes.

    Args:
        kernel_initializer: How these weights begin.
        kernel_regularizer: What the loss adds to keep these weights small.
        kernel_constraint: What these weights must keep to after each step.
    """

    kernel_initializer: Initializer | None = None
    kernel_regularizer: Regularizer | None = None
    kernel_constraint: Constraint | None = None
