"""Activation layers."""

from typing import ClassVar

from kcnn.recipe.constraints import Constraint
from kcnn.recipe.fields import ActivationName, Axes, NotNegative
from kcnn.recipe.initializers import Initializer
from kcnn.recipe.layers.expression import Expression, product
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.shapes import (
    Shape,
    ShapeMistake,
    Sizes,
    is_last_axis,
    listed,
    require_axes,
)
from kcnn.recipe.regularizers import Regularizer
from kcnn.text.numbers import shape_text


class Activation(Layer):
    """An activation function as a separate layer.

    Args:
        activation: The function.
    """

    activation: ActivationName

    linear = True  # with activation: linear
    ends_block = True


class ReLU(Layer):
    """max(0, x), by default.

    Args:
        max_value: The largest result.
        negative_slope: The slope below the threshold.
        threshold: Values from here on pass unchanged.
    """

    max_value: NotNegative | None = None
    negative_slope: NotNegative | None = None
    threshold: NotNegative | None = None

    ends_block = True

    @property
    def is_leaky_relu(self) -> bool:
        return bool(self.negative_slope) and self.max_value is None and not self.threshold

    def output_activation(self, rank: int) -> str:
        return "ReLU"


class LeakyReLU(Layer):
    """x, or `negative_slope` times x below 0 (Maas et al., 2013).

    Args:
        negative_slope: Factor of values below 0.
    """

    negative_slope: NotNegative | None = None

    ends_block = True

    is_leaky_relu: ClassVar[bool] = True


class PReLU(Layer):
    """Leaky ReLU with trained slopes (He et al., 2015)."""

    alpha_initializer: Initializer | None = None
    alpha_regularizer: Regularizer | None = None
    alpha_constraint: Constraint | None = None
    shared_axes: Axes | None = None
    trainable: bool | None = None

    ends_block = True

    def _sizes(self, shape: Shape) -> Sizes:
        for axis in listed(self.shared_axes):
            if not 1 <= axis <= len(shape):  # Keras would share another axis for 0 and below
                raise ShapeMistake(
                    f"shared_axes {axis}: a {shape_text(shape)} input has axes 1 to {len(shape)}"
                )
        return shape

    weight_names: ClassVar[tuple[str, ...]] = ("alpha",)

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        shared = listed(self.shared_axes)
        sizes = tuple(1 if axis in shared else size for axis, size in enumerate(shape, start=1))
        return {"alpha": sizes}

    def parameters(self, shape: Shape) -> Expression:
        return product(*self.weight_shapes(shape)["alpha"])

    def multiply_adds(self, before: Shape, after: Shape) -> Expression:
        return product(*before)


class ELU(Layer):
    """x, or alpha (exp(x) - 1) below 0 (Clevert et al., 2016).

    Args:
        alpha: Minus the lowest result.
    """

    alpha: NotNegative | None = None

    ends_block = True


class Softmax(Layer):
    """Probabilities that sum to 1.

    Args:
        axis: The axes that they sum over.
    """

    axis: Axes = -1

    def _sizes(self, shape: Shape) -> Sizes:
        require_axes(self.axis, shape)
        return shape

    def output_activation(self, rank: int) -> str | None:
        return "softmax" if is_last_axis(self.axis, rank) else None
