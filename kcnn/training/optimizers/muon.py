"""Muon, the optimizer with orthogonalized momentum, for convolution kernels."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

# Of the polynomial a·x + b·x³ + c·x⁵, which moves singular values towards 1. Jordan et al. (2024)
# chose them for a steep slope at 0, so that small singular values grow within five steps.
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_SMALLEST_NORM = 1e-7


@keras.saving.register_keras_serializable("kcnn")
class ConvolutionMuon(keras.optimizers.Optimizer):
    """Orthogonalized momentum for kernels of Conv2D, SGD for all other weights.

    Muon (Jordan et al., 2024, kellerjordan.github.io/posts/muon) as it trains CIFAR-10 in
    airbench94 (Jordan, 2024, arXiv:2404.00498): a kernel is reshaped to a matrix with one column a
    filter, and its momentum is replaced by the nearest matrix with orthonormal columns or rows. So
    all directions of the kernel learn at the same speed. Keras's own Muon leaves every weight that
    is not a matrix, so all convolution kernels, to AdamW.

    A weight with four axes counts as a kernel of Conv2D. Therefore do not use it with
    Conv2DTranspose, whose last axis counts inputs, nor with depthwise layers, which have several
    filters a channel. `weight_decay` has no effect on kernels if `normalize` restores their norm.

    Args:
        learning_rate: For kernels of Conv2D with two filters or more.
        momentum: For their gradients.
        nesterov: Whether to use Nesterov momentum for them.
        ns_steps: The number of Newton-Schulz steps that orthogonalize.
        normalize: Whether to keep the norm of each kernel at the square root of its number of
            filters.
        sgd_learning_rate_ratio: The learning rate of all other weights divided by `learning_rate`.
        sgd_momentum: The Nesterov momentum of all other weights.
        **others: Arguments of every Keras optimizer.
    """

    def __init__(
        self,
        learning_rate: Any = 0.24,
        momentum: float = 0.6,
        nesterov: bool = True,
        ns_steps: int = 5,
        normalize: bool = True,
        sgd_learning_rate_ratio: float = 1.0,
        sgd_momentum: float = 0.85,
        **others: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **{"name": "convolution_muon", **others})
        self.momentum = momentum
        self.nesterov = nesterov
        self.ns_steps = ns_steps
        self.normalize = normalize
        self.sgd_learning_rate_ratio = sgd_learning_rate_ratio
        self.sgd_momentum = sgd_momentum

    def build(self, variables: list[keras.Variable]) -> None:
        """Create the momentum of every weight."""
        if not self.built:
            super().build(variables)
            self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: Any) -> None:
        """Update one weight."""
        learning_rate = tf.cast(learning_rate, variable.dtype)
        momentum = self.momentums[self._get_variable_index(variable)]
        # With a single filter, orthogonalizing would only normalize the step.
        if len(variable.shape) == 4 and variable.shape[-1] > 1:
            self._step_of_muon(gradient, variable, momentum, learning_rate)
        else:
            self._step_of_sgd(gradient, variable, momentum, learning_rate)

    def get_config(self) -> dict[str, Any]:
        """Return its arguments, so that Keras can build it again."""
        return super().get_config() | {
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "ns_steps": self.ns_steps,
            "normalize": self.normalize,
            "sgd_learning_rate_ratio": self.sgd_learning_rate_ratio,
            "sgd_momentum": self.sgd_momentum,
        }

    def _step_of_muon(
        self,
        gradient: tf.Tensor,
        kernel: tf.Variable,
        momentum: keras.Variable,
        learning_rate: tf.Tensor,
    ) -> None:
        velocity = self.momentum * momentum + gradient
        self.assign(momentum, velocity)
        ahead = gradient + self.momentum * velocity if self.nesterov else velocity
        filters = kernel.shape[-1]
        step = orthogonalize(tf.reshape(ahead, (-1, filters)), self.ns_steps)
        # Before the step, as in airbench94: the norm after it differs a little from √filters.
        scale = filters**0.5 / (tf.norm(kernel) + _SMALLEST_NORM) if self.normalize else 1.0
        self.assign(kernel, kernel * scale - learning_rate * tf.reshape(step, kernel.shape))

    def _step_of_sgd(
        self,
        gradient: tf.Tensor,
        weight: tf.Variable,
        momentum: keras.Variable,
        learning_rate: tf.Tensor,
    ) -> None:
        step = learning_rate * self.sgd_learning_rate_ratio * gradient
        velocity = self.sgd_momentum * momentum - step
        self.assign(momentum, velocity)
        self.assign_add(weight, self.sgd_momentum * velocity - step)


def orthogonalize(matrix: tf.Tensor, steps: int) -> tf.Tensor:
    """Bring all singular values of a matrix close to 1 by Newton-Schulz steps.

    A step applies a polynomial to the singular values by matrix products alone, which is cheaper
    than a singular value decomposition and works in low precision.

    Args:
        matrix: Shape (rows, columns).
        steps: The number of steps; after 5, the singular values lie between about 0.7 and 1.2.

    Returns:
        The matrix, same shape.
    """
    is_tall = matrix.shape[0] > matrix.shape[1]
    first, third, fifth = _COEFFICIENTS
    # Wide, so that X·Xᵀ is the smaller of both products.
    wide = tf.transpose(matrix) if is_tall else matrix
    # The Frobenius norm is at least the largest singular value, so all start between 0 and 1.
    wide = wide / (tf.norm(wide) + _SMALLEST_NORM)
    for _ in range(steps):
        squares = tf.matmul(wide, wide, transpose_b=True)
        wide = first * wide + tf.matmul(third * squares + fifth * squares @ squares, wide)
    return tf.transpose(wide) if is_tall else wide
