"""Activations that Keras computes in several passes over a tensor, compiled into one."""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras
import tensorflow as tf

Activation = Callable[[tf.Tensor], tf.Tensor]

# Other activations have one kernel each for output and gradient, which XLA does not beat.
COMPILED_ACTIVATIONS = frozenset(
    {"celu", "gelu", "hard_sigmoid", "hard_silu", "mish", "silu", "softplus", "swish"}
)


def compiled_activation(name: str) -> Activation:
    """Compile a Keras activation with XLA: a single pass for the output, and one for the gradient.

    The gradient is computed from the activation's input alone, which is faster than to keep
    intermediate results. Both are computed in float32 for any precision of the input. Layers save
    the function under Keras's name.

    Args:
        name: Keras's name of an elementwise activation.

    Returns:
        The compiled activation.
    """
    activation = keras.activations.get(name)

    @tf.function(jit_compile=True, autograph=False)
    def forward(inputs: tf.Tensor) -> tf.Tensor:
        return tf.cast(activation(tf.cast(inputs, tf.float32)), inputs.dtype)

    @tf.function(jit_compile=True, autograph=False)
    def backward(inputs: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
        exact = tf.cast(inputs, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(exact)
            outputs = activation(exact)
        exact_gradient = tape.gradient(outputs, exact, tf.cast(gradient, tf.float32))
        return tf.cast(exact_gradient, inputs.dtype)

    @tf.custom_gradient
    def with_gradient(inputs: tf.Tensor) -> tuple[tf.Tensor, Activation]:
        return forward(inputs), lambda gradient: backward(inputs, gradient)

    @functools.wraps(activation)
    def compiled(inputs: tf.Tensor) -> tf.Tensor:
        return with_gradient(inputs)

    return compiled
