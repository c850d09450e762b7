"""A convolution whose kernel is as large as its input."""

from __future__ import annotations

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kcnn")
class WholeMapConvolution(keras.layers.Conv2D):
    """Keras's convolution with a 1×1 output, computed as a matrix product, which is faster.

    The kernel must have the height and width of the input, and there must be no padding or groups.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve inputs of shape (batch, height, width, channels)."""
        weights = keras.ops.reshape(kernel, (-1, self.filters))
        maps = keras.ops.reshape(inputs, (-1, weights.shape[0]))
        return keras.ops.reshape(keras.ops.matmul(maps, weights), (-1, 1, 1, self.filters))
