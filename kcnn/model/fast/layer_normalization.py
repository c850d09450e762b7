"""Layer normalization of whole images, compiled."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import tensorflow as tf

# The outputs, and the mean and the inverse deviation of each image.
_Normalized = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
# Rows that an image is cut into, to be added in one pass.
_MAX_ROWS = 20


@keras.saving.register_keras_serializable("kcnn")
class ImageNormalization(keras.layers.LayerNormalization):
    """Keras's layer normalization (Ba, Kiros and Hinton, 2016), compiled by XLA for whole images.

    Keras computes it in a dozen passes over the maps, and its gradient in more. It is compiled if
    mean and variance are taken over all of an image. Everything else is Keras's own code.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Normalize each image."""
        shape = inputs.shape[1:]
        over_images = self.axis == list(range(1, len(inputs.shape)))
        if not (over_images and shape.is_fully_defined() and inputs.dtype != tf.float64):
            return super().call(inputs)
        gamma = tf.ones(shape) if self.gamma is None else tf.convert_to_tensor(self.gamma)
        beta = tf.zeros(shape) if self.beta is None else tf.convert_to_tensor(self.beta)
        outputs = _normalize(inputs, gamma, beta, tf.constant(self.epsilon, tf.float32))
        return tf.cast(outputs, self.compute_dtype)


@tf.custom_gradient
def _normalize(
    inputs: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor | None, ...]]]:
    outputs, mean, inverse = _forward(inputs, gamma, beta, epsilon)

    def gradients(gradient: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
        return *_backward(inputs, gamma, mean, inverse, gradient), None

    return outputs, gradients


@tf.function(jit_compile=True, autograph=False)
def _forward(
    inputs: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, epsilon: tf.Tensor
) -> _Normalized:
    maps = tf.cast(inputs, tf.float32)
    mean = _image_means(maps)
    centered = maps - mean
    inverse = tf.math.rsqrt(_image_means(tf.square(centered)) + epsilon)
    return tf.cast(centered * inverse * gamma + beta, inputs.dtype), mean, inverse


@tf.function(jit_compile=True, autograph=False)
def _backward(
    inputs: tf.Tensor, gamma: tf.Tensor, mean: tf.Tensor, inverse: tf.Tensor, gradient: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the gradients of inputs, gamma and beta."""
    gradient = tf.cast(gradient, tf.float32)
    normalized = (tf.cast(inputs, tf.float32) - mean) * inverse
    scaled = gradient * gamma
    centered = scaled - _image_means(scaled) - normalized * _image_means(scaled * normalized)
    of_gamma, of_beta = tf.reduce_sum(gradient * normalized, 0), tf.reduce_sum(gradient, 0)
    return tf.cast(inverse * centered, inputs.dtype), of_gamma, of_beta


def _image_means(maps: tf.Tensor) -> tf.Tensor:
    """Return the mean of each image, (batch, 1, …).

    XLA adds the values of a row one by one, but rows to each other in vectors. So most of the sum
    is one of rows.
    """
    count = math.prod(maps.shape[1:])
    rows = max(number for number in range(1, _MAX_ROWS + 1) if count % number == 0)
    first, *others = tf.unstack(tf.reshape(maps, (-1, rows, count // rows)), axis=1)
    for other in others:
        first = first + other
    means = tf.reduce_sum(first, axis=1) / count
    return tf.reshape(means, (-1, *[1] * (len(maps.shape) - 1)))
