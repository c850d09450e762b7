"""Batch normalization for numbers of channels that are slow on the CPU."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from kcnn.model.fast.batch_normalization import FusedBatchNormalization, Normalized
from kcnn.model.fast.channel_sums import channel_sums
from kcnn.model.fast.whole_step import in_whole_step

# oneDNN's kernel is vectorized only for multiples of this many float32 channels.
_VECTOR_CHANNELS = 16


@keras.saving.register_keras_serializable("kcnn")
class NarrowBatchNormalization(FusedBatchNormalization):
    """Batch normalization that XLA compiles unless the number of channels is a multiple of 16.

    On the CPU this is 2 to 15 times as fast as TensorFlow's kernel, which is used for multiples
    of 16. A step that XLA compiles as a whole cannot contain that kernel.
    """

    def _normalize(self, inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> Normalized:
        if inputs.shape[-1] % _VECTOR_CHANNELS == 0 and not in_whole_step():
            return super()._normalize(inputs, scale, offset)
        return _normalize(inputs, scale, offset, tf.constant(self.epsilon, tf.float32))


@tf.custom_gradient
def _normalize(
    inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, epsilon: tf.Tensor
) -> tuple[Normalized, Callable[..., tuple[tf.Tensor | None, ...]]]:
    outputs, mean, variance = _forward(inputs, scale, offset, epsilon)

    def gradients(output_gradient: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
        # Mean and variance only update the moving averages, which have no gradient.
        return *_backward(inputs, scale, epsilon, mean, variance, output_gradient), None

    return (outputs, mean, variance), gradients


@tf.function(jit_compile=True, autograph=False)
def _forward(
    inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, epsilon: tf.Tensor
) -> Normalized:
    maps = tf.cast(inputs, tf.float32)
    mean = _channel_means(maps)
    variance = _channel_means(tf.square(maps - mean))
    normalized = (maps - mean) * (scale * tf.math.rsqrt(variance + epsilon)) + offset
    return tf.cast(normalized, inputs.dtype), mean, variance


@tf.function(jit_compile=True, autograph=False)
def _backward(
    inputs: tf.Tensor,
    scale: tf.Tensor,
    epsilon: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    output_gradient: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the gradients of inputs, scale and offset (Ioffe and Szegedy, 2015, section 3)."""
    gradient = tf.cast(output_gradient, tf.float32)
    inverse_deviation = tf.math.rsqrt(variance + epsilon)
    normalized = (tf.cast(inputs, tf.float32) - mean) * inverse_deviation
    mean_gradient = _channel_means(gradient)
    mean_product = _channel_means(gradient * normalized)
    centered = gradient - mean_gradient - normalized * mean_product
    input_gradient = (scale * inverse_deviation) * centered
    count = tf.cast(tf.size(inputs) / inputs.shape[-1], tf.float32)
    return tf.cast(input_gradient, inputs.dtype), mean_product * count, mean_gradient * count


def _channel_means(maps: tf.Tensor) -> tf.Tensor:
    """Return the mean of each channel."""
    if maps.shape.is_fully_defined():
        return channel_sums(maps) / math.prod(maps.shape[:-1])
    # The mean over the images first, then over positions: as a matrix product, because XLA would
    # merge two sums into one that is not vectorized.
    positions = tf.reshape(tf.reduce_mean(maps, axis=0), (-1, maps.shape[-1]))
    weights = tf.fill((1, positions.shape[0]), 1.0 / positions.shape[0])
    return tf.squeeze(tf.matmul(weights, positions), axis=0)
