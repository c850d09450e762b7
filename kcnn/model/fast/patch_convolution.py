"""A convolution as a product of patches and kernel, for steps that XLA compiles as a whole.

The method is known as im2col. Chellapilla, Puri and Simard call it unrolling ("High Performance
Convolutional Neural Networks for Document Processing", Tenth International Workshop on Frontiers in
Handwriting Recognition, 2006, inria-00112631).
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from kcnn.model.fast.channel_sums import add_bias
from kcnn.model.fast.whole_step import in_whole_step, operand_dtype

# Patches of so few channels are rows that are too short for a fast product. So each patch is wide
# enough for several outputs. With two, leaky_bn_fast trains 1.1 times as fast as with one, and 1.05
# times as fast as with four.
_FEW_CHANNELS = 4
_OUTPUTS_TOGETHER = 2


@keras.saving.register_keras_serializable("kcnn")
class PatchConvolution(keras.layers.Conv2D):
    """Keras's convolution, computed from patches where XLA compiles the whole step.

    On the CPU, XLA's own convolution is slow for few channels. A matrix product is fast, and its
    gradients are two more products. XLA fuses the operations before and after it with the copies
    into and out of the patches. Everywhere else, and with groups, this is Keras's convolution.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Convolve inputs of shape (batch, height, width, channels)."""
        if not in_whole_step() or self.groups > 1:
            return super().call(inputs)
        # XLA has no fast product of bfloat16 on the CPU: leaky_bn_fast would train at 0.6 times the
        # speed.
        maps = _rounded(tf.cast(inputs, tf.float32))
        kernel = _rounded(tf.cast(tf.convert_to_tensor(self.kernel), tf.float32))
        outputs = tf.cast(self._convolve_patches(maps, kernel), inputs.dtype)
        if self.use_bias:
            outputs = add_bias(outputs, tf.convert_to_tensor(self.bias))
        return outputs if self.activation is None else self.activation(outputs)

    def _convolve_patches(self, maps: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve by a product of patches and kernel.

        From a patch, several neighboring outputs of a row are computed together if there are few
        channels. The kernel is then repeated for each of them, with zeros where an output does not
        read the patch.

        Args:
            maps: float32, (batch, height, width, channels). All sizes must be known.
            kernel: float32, (rows, columns, channels, filters).

        Returns:
            float32, (batch, rows, columns, filters).
        """
        batch, height, width, channels = maps.shape
        rows, columns, _, filters = kernel.shape
        (down, across), (row_gap, column_gap) = self.strides, self.dilation_rate
        reach = ((rows - 1) * row_gap + 1, (columns - 1) * column_gap + 1)
        (above, below), (left, right) = (
            _padding(size, window, stride) if self.padding == "same" else (0, 0)
            for size, window, stride in zip((height, width), reach, self.strides, strict=True)
        )
        high = (height + above + below - reach[0]) // down + 1
        wide = (width + left + right - reach[1]) // across + 1
        together = _OUTPUTS_TOGETHER if channels <= _FEW_CHANNELS and column_gap == 1 else 1
        patches_wide = -(-wide // together)  # patches in a row of outputs
        span = columns + (together - 1) * across  # input columns that a patch has
        right = max(right, (patches_wide * together - 1) * across + reach[1] - width - left)
        maps = tf.pad(maps, ((0, 0), (above, below), (left, right), (0, 0)))
        step = together * across
        patches = tf.concat(
            [
                maps[
                    :,
                    row : row + (high - 1) * down + 1 : down,
                    column : column + (patches_wide - 1) * step + 1 : step,
                ]
                for row in range(0, rows * row_gap, row_gap)
                for column in range(0, span * column_gap, column_gap)
            ],
            axis=-1,
        )
        spread = _spread(kernel, across, together)
        product = tf.matmul(tf.reshape(patches, (-1, rows * span * channels)), spread)
        outputs = tf.reshape(product, (batch, high, patches_wide * together, filters))
        return outputs[:, :, :wide]


@tf.custom_gradient
def _rounded(values: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    """Round to the dtype of what a convolution multiplies; the gradient is not rounded."""
    rounded = tf.cast(tf.cast(values, operand_dtype()), tf.float32)
    return rounded, lambda gradient: gradient


def _padding(size: int, window: int, stride: int) -> tuple[int, int]:
    """Return how many rows or columns of zeros `padding: same` adds before and after."""
    total = max((-(-size // stride) - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def _spread(kernel: tf.Tensor, across: int, together: int) -> tf.Tensor:
    """Return a kernel as a matrix that computes several neighboring outputs from one patch.

    Args:
        kernel: (rows, columns, channels, filters).
        across: The stride across.
        together: How many outputs.

    Returns:
        float32, (rows · span · channels, together · filters).
    """
    rows, columns, channels, filters = kernel.shape
    span = columns + (together - 1) * across
    if together == 1:
        return tf.reshape(kernel, (rows * span * channels, filters))
    chosen = np.zeros((columns, span, together), np.float32)
    for output in range(together):
        for column in range(columns):
            chosen[column, output * across + column, output] = 1
    spread = tf.einsum("rkcf,kso->rscof", kernel, chosen)
    return tf.reshape(spread, (rows * span * channels, together * filters))
