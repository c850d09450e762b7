"""A convolution whose kernel is as large as the map."""

from __future__ import annotations

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("kcnn")
class WholeMapConvolution(keras.layers.Conv2D):
    """Keras's convolution where it has one place only, as the product of two matrices it then is.

    For a kernel of the map's own height and width, without padding and groups.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolves maps of shape (batch, height, width, channels)."""
        weights = keras.ops.reshape(kernel, (-1, self.filters))
        maps = keras.ops.reshape(inputs, (-1, weights.shape[0]))
        return keras.ops.reshape(keras.ops.matmul(maps, weights), (-1, 1, 1, self.filters))
