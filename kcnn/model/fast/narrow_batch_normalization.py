"""Batch normalization of numbers of channels that processors' own kernel is slow at."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from kcnn.model.fast.batch_normalization import FusedBatchNormalization, Normalized

# oneDNN's kernel takes so many float32 channels at a time, and other numbers one by one.
_CHANNELS_AT_A_TIME = 16


@keras.saving.register_keras_serializable("kcnn")
class NarrowBatchNormalization(FusedBatchNormalization):
    """Batch normalization that XLA compiles where channels do not come in sixteens.

    Twice to fifteen times as fast as TensorFlow's kernel on a processor there, which serves all
    other maps.
    """

    def _normalize(self, inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> Normalized:
        if inputs.shape[-1] % _CHANNELS_AT_A_TIME == 0:
            return super()._normalize(inputs, scale, offset)
        return _normalize(inputs, scale, offset, tf.constant(self.epsilon, tf.float32))


@tf.custom_gradient
def _normalize(
    inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor, epsilon: tf.Tensor
) -> tuple[Normalized, Callable[..., tuple[tf.Tensor | None, ...]]]:
    outputs, mean, variance = _forward(inputs, scale, offset, epsilon)

    def gradients(of_outputs: tf.Tensor, *_: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
        # Mean and variance only move averages, which nothing is differentiated by.
        return *_backward(inputs, scale, epsilon, mean, variance, of_outputs), None

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
    of_outputs: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Gives the gradients of inputs, scale and offset (Ioffe and Szegedy, 2015, section 3)."""
    gradient = tf.cast(of_outputs, tf.float32)
    inverse_deviation = tf.math.rsqrt(variance + epsilon)
    normalized = (tf.cast(inputs, tf.float32) - mean) * inverse_deviation
    of_offset, of_scale = _channel_means(gradient), _channel_means(gradient * normalized)
    of_inputs = (scale * inverse_deviation) * (gradient - of_offset - normalized * of_scale)
    count = tf.cast(tf.size(inputs) / inputs.shape[-1], tf.float32)
    return tf.cast(of_inputs, inputs.dtype), of_scale * count, of_offset * count


def _channel_means(maps: tf.Tensor) -> tf.Tensor:
    """Takes the mean of each channel: over images first, where the values lie side by side."""
    places = tf.reshape(tf.reduce_mean(maps, axis=0), (-1, maps.shape[-1]))
    # As a product, since XLA would make one sum of two, and go through the channels one by one.
    weights = tf.fill((1, places.shape[0]), 1.0 / places.shape[0])
    return tf.squeeze(tf.matmul(weights, places), axis=0)
