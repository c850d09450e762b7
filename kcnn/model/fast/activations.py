"""Activations that Keras computes in several passes over the maps, compiled into one."""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras
import tensorflow as tf

Activation = Callable[[tf.Tensor], tf.Tensor]

# The others are one kernel each way, which XLA does not beat.
OF_SEVERAL_PASSES = frozenset(
    {"celu", "gelu", "hard_sigmoid", "hard_silu", "mish", "silu", "softplus", "swish"}
)


def compiled_activation(name: str) -> Activation:
    """Compiles one of Keras's activations with XLA, each way into a single pass over the map.

    Going back needs the activation's input alone: the derivative is worked out again, which takes
    less time than keeping what it was made of. Whatever the map's precision, the sums are float32.
    It is called and saved under Keras's name.

    Args:
        name: Keras's name of an activation that works on each value by itself.
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
    def both_ways(inputs: tf.Tensor) -> tuple[tf.Tensor, Activation]:
        return forward(inputs), lambda gradient: backward(inputs, gradient)

    @functools.wraps(activation)
    def compiled(inputs: tf.Tensor) -> tf.Tensor:
        return both_ways(inputs)

    return compiled
