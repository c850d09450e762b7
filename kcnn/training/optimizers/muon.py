"""Muon for convolutional networks."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

# Of the fifth-degree polynomial that drives singular values towards 1 (Jordan et al., 2024).
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_SMALLEST_NORM = 1e-7


@keras.saving.register_keras_serializable("kcnn")
class ConvolutionMuon(keras.optimizers.Optimizer):
    """Orthogonalized momentum for kernels of Conv2D, SGD for all other weights.

    Muon (Jordan et al., 2024, kellerjordan.github.io/posts/muon) as it trains CIFAR-10 in
    airbench94: a kernel is a matrix with a column a filter, and each step goes along the nearest
    matrix with orthogonal columns or rows. Keras's Muon leaves convolutions to AdamW.

    It knows such kernels by their four axes, so it is not for Conv2DTranspose, whose last axis
    counts inputs, nor for layers that give a channel several filters of its own. `weight_decay`
    does nothing to kernels that `normalize` brings to their norm again.

    Args:
        learning_rate: Of kernels of Conv2D, with two filters or more.
        momentum: Of their gradients.
        nesterov: Whether their steps look one step of momentum ahead.
        ns_steps: Newton-Schulz steps that orthogonalize.
        normalize: Keeps the norm of each such kernel at the square root of its number of filters.
        sgd_learning_rate_ratio: The rate of all other weights over `learning_rate`.
        sgd_momentum: Nesterov momentum of all other weights.
        **others: What every optimizer of Keras takes.
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
        """Makes room for the momentum of every weight."""
        if not self.built:
            super().build(variables)
            self.momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: Any) -> None:
        """Moves one weight against its gradient."""
        learning_rate = tf.cast(learning_rate, variable.dtype)
        momentum = self.momentums[self._get_variable_index(variable)]
        if len(variable.shape) == 4 and variable.shape[-1] > 1:
            self._step_of_muon(gradient, variable, momentum, learning_rate)
        else:
            self._step_of_sgd(gradient, variable, momentum, learning_rate)

    def get_config(self) -> dict[str, Any]:
        """Gives its arguments, so that it can be made again."""
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
        moving = self.momentum * momentum + gradient
        self.assign(momentum, moving)
        ahead = gradient + self.momentum * moving if self.nesterov else moving
        filters = kernel.shape[-1]
        step = orthogonalize(tf.reshape(ahead, (-1, filters)), self.ns_steps)
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
        moving = self.sgd_momentum * momentum - step
        self.assign(momentum, moving)
        self.assign_add(weight, self.sgd_momentum * moving - step)


def orthogonalize(matrix: tf.Tensor, steps: int) -> tf.Tensor:
    """Brings all singular values of a matrix near 1, by Newton-Schulz steps.

    Args:
        matrix: (rows, columns).
        steps: How many; after 5 the values lie between about 0.7 and 1.2.
    """
    is_tall = matrix.shape[0] > matrix.shape[1]
    first, third, fifth = _COEFFICIENTS
    near = tf.transpose(matrix) if is_tall else matrix
    near = near / (tf.norm(near) + _SMALLEST_NORM)
    for _ in range(steps):
        squares = tf.matmul(near, near, transpose_b=True)
        near = first * near + tf.matmul(third * squares + fifth * squares @ squares, near)
    return tf.transpose(near) if is_tall else near
