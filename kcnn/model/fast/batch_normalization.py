"""Batch normalization whose training step is one TensorFlow kernel."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

# What the kernel computes in; cuDNN admits no smaller epsilon.
_DTYPES = ("float32", "bfloat16", "float16")
_LEAST_EPSILON = 1.001e-5

# A map normalized; mean and variance of its channels.
Normalized = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


@keras.saving.register_keras_serializable("kcnn")
class FusedBatchNormalization(keras.layers.BatchNormalization):
    """Keras's batch normalization (Ioffe and Szegedy, 2015), with the same numbers, trained faster.

    Keras takes mean and variance, scales and shifts in operations of their own, all in float32;
    TensorFlow's fused kernel reads a map once and keeps only its statistics in float32. It serves
    training steps on maps of shape (batch, height, width, channels). Everything else is Keras's:
    its weights, its answers outside training, other shapes and axes, float64, and statistics
    gathered over several devices.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: Any = None) -> tf.Tensor:
        """Normalizes, by the batch's own statistics while training."""
        if not (training and self.trainable and mask is None and self._is_served(inputs)):
            return super().call(inputs, training=training, mask=mask)
        channels = inputs.shape[-1]
        scale = tf.convert_to_tensor(self.gamma) if self.scale else tf.ones(channels)
        offset = tf.convert_to_tensor(self.beta) if self.center else tf.zeros(channels)
        outputs, mean, variance = self._normalize(inputs, scale, offset)
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance)
        return outputs

    def _is_served(self, inputs: tf.Tensor) -> bool:
        return (
            len(inputs.shape) == 4
            and self.axis in (-1, 3)
            and not self.synchronized
            and not self.renorm
            and self.epsilon >= _LEAST_EPSILON
            and inputs.dtype.name in _DTYPES
        )

    def _normalize(self, inputs: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> Normalized:
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=scale,
            offset=offset,
            mean=tf.zeros(0),
            variance=tf.zeros(0),
            epsilon=self.epsilon,
            is_training=True,
        )
        return outputs, mean, variance * _bias_of_variance(inputs)

    def _move(self, moving: keras.Variable, batch: tf.Tensor) -> None:
        moving.assign(moving * self.momentum + batch * (1.0 - self.momentum))


def _bias_of_variance(inputs: tf.Tensor) -> tf.Tensor:
    """The kernel divides by one less than the number of values; Keras by the number itself."""
    count = tf.cast(tf.size(inputs) / inputs.shape[-1], tf.float32)
    return tf.maximum(count - 1.0, 1.0) / count
