"""Base classes of layers with a kernel: arguments of kernel and bias, weights and costs."""

from abc import abstractmethod
from typing import ClassVar

from kcnn.recipe.constraints import Constraint
from kcnn.recipe.fields import ActivationName, Settings
from kcnn.recipe.initializers import Initializer
from kcnn.recipe.layers.expression import Expression, Number, product
from kcnn.recipe.layers.layer import Layer
from kcnn.recipe.layers.shapes import Shape
from kcnn.recipe.regularizers import Regularizer


class Weighted(Layer):
    """Arguments of every layer with a kernel.

    Args:
        activation: Function of the output; none when left out.
        use_bias: Adds a trained number to each channel or unit.
        bias_initializer: Initial values of these weights.
        bias_regularizer: Penalty on these weights, added to the loss.
        bias_constraint: Limit that these weights keep after each step.
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

    @abstractmethod
    def _outputs(self, shape: Shape) -> Number:
        """Return the number of channels or units of its output."""

    @abstractmethod
    def _weights_of_an_output(self, shape: Shape) -> Expression:
        """Return how many weights of the kernel one channel or unit has."""

    @abstractmethod
    def _kernel_shapes(self, shape: Shape) -> list[Shape]:
        """Return the shapes of its kernels, in the order of their names."""

    @property
    def weight_names(self) -> tuple[str, ...]:
        return (*self.kernel_names, "bias") if self.use_bias else self.kernel_names

    def weight_shapes(self, shape: Shape) -> dict[str, Shape]:
        kernels = zip(self.kernel_names, self._kernel_shapes(shape), strict=True)
        return {**dict(kernels), "bias": (int(self._outputs(shape)),)}

    def parameters(self, shape: Shape) -> Expression:
        weights = self._weights_of_an_output(shape)
        return (weights + 1 if self.use_bias else weights) * self._outputs(shape)

    def multiply_adds(self, before: Shape, after: Shape) -> Expression:
        weights = self._weights_of_an_output(before).bracketed()
        return product(*after[:-1], weights, self._outputs(before))


class KernelSettings(Settings):
    """Arguments of the kernel of a layer with one.

    Args:
        kernel_initializer: Initial values of these weights.
        kernel_regularizer: Penalty on these weights, added to the loss.
        kernel_constraint: Limit that these weights keep after each step.
    """

    kernel_initializer: Initializer | None = None
    kernel_regularizer: Regularizer | None = None
    kernel_constraint: Constraint | None = None
