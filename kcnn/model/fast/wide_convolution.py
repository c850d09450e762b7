"""A convolution of many channels, the gradient of whose kernel is computed by matrix products."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from kcnn.machine.processor import AVX512_BFLOAT16, fast_bfloat16
from kcnn.model.fast.patch_convolution import PatchConvolution
from kcnn.recipe import layers as kinds
from kcnn.recipe.layers.shapes import Shape, pair

# In bfloat16 on AMD's AVX-512, the products take 0.3 to 0.8 times as long as oneDNN's gradient with
# at least this many channels, read and written, and maps of at most this size. With 128 channels
# they gain nothing, nor with maps of 15×15, nor in float32.
_MIN_CHANNELS = 256
_MAX_SIZE = 8


def gains_by_products(layer: kinds.Conv2D, before: Shape) -> bool:
    """Return whether products compute the gradient of a convolution's kernel faster, in bfloat16.

    Args:
        layer: The convolution.
        before: Its input shape.
    """
    channels = min(before[2], layer.filters)
    is_plain = (*pair(layer.strides), *pair(layer.dilation_rate), layer.groups) == (1,) * 5
    is_small = max(before[:2]) <= _MAX_SIZE
    return (
        is_plain
        and is_small
        and channels >= _MIN_CHANNELS
        and max(pair(layer.kernel_size)) > 1
        and fast_bfloat16() == AVX512_BFLOAT16
    )


@keras.saving.register_keras_serializable("kcnn")
class WideConvolution(PatchConvolution):
    """Keras's convolution with a faster gradient of its kernel in bfloat16.

    For each position of the kernel, the gradient is the product of the shifted inputs, transposed,
    and the gradient of the outputs.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve inputs of shape (batch, height, width, channels)."""
        return convolve(inputs, tf.convert_to_tensor(kernel), self.padding.upper())


def convolve(inputs: tf.Tensor, kernel: tf.Tensor, padding: str) -> tf.Tensor:
    """Convolve with strides of 1; compute the gradient of the kernel by matrix products.

    Args:
        inputs: (batch, height, width, channels).
        kernel: (rows, columns, channels, filters).
        padding: `SAME` or `VALID`.
    """

    @tf.custom_gradient
    def convolution(
        inputs: tf.Tensor, kernel: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        def gradients(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            of_inputs = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(inputs), filter=kernel, out_backprop=gradient,
                strides=[1, 1, 1, 1], padding=padding,
            )  # fmt: skip
            return of_inputs, _kernel_gradient(inputs, kernel.shape, gradient, padding)

        return tf.nn.conv2d(inputs, kernel, 1, padding), gradients

    return convolution(inputs, kernel)


def _kernel_gradient(
    inputs: tf.Tensor, shape: tf.TensorShape, gradient: tf.Tensor, padding: str
) -> tf.Tensor:
    """Return the gradient of a kernel of this shape, from that of the outputs."""
    rows, columns, channels, filters = shape
    _, high, wide, _ = gradient.shape
    if padding == "SAME":
        above, left = (rows - 1) // 2, (columns - 1) // 2
        margins = ((0, 0), (above, rows - 1 - above), (left, columns - 1 - left), (0, 0))
        inputs = tf.pad(inputs, margins)
    outputs = tf.reshape(gradient, (-1, filters))
    products = [
        tf.matmul(
            tf.reshape(inputs[:, row : row + high, column : column + wide], (-1, channels)),
            outputs,
            transpose_a=True,
        )
        for row in range(rows)
        for column in range(columns)
    ]
    return tf.reshape(tf.stack(products), shape)
