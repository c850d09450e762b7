"""A convolution as a product of patches and kernel, for steps that XLA compiles as a whole.

The method is known as im2col. Chellapilla, Puri and Simard call it unrolling ("High Performance
Convolutional Neural Networks for Document Processing", Tenth International Workshop on Frontiers in
Handwriting Recognition, 2006, inria-00112631).
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from kcnn.model.fast.channel_sums import add_bias
from kcnn.model.fast.whole_step import in_whole_step

# Patches of so few channels are rows that are too short for a fast product. So each patch is wide
# enough for several outputs.
_FEW_CHANNELS = 4
_OUTPUTS_TOGETHER = 4


@keras.saving.register_keras_serializable("kcnn")
class PatchConvolution(keras.layers.Conv2D):
    """Keras's convolution, computed from patches where XLA compiles the whole step.

    On the CPU, XLA's own convolution is slow for few channels. A matrix product is fast, and its
    gradients are two more products. XLA fuses the operations before and after it with the copies
    into and out of the patches. Everywhere else, this is Keras's convolution.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Convolve inputs of shape (batch, height, width, channels)."""
        if not in_whole_step() or self.groups > 1 or self.dilation_rate != (1, 1):
            return super().call(inputs)
        outputs = self._convolve(inputs, tf.convert_to_tensor(self.kernel))
        if self.use_bias:
            outputs = add_bias(outputs, tf.convert_to_tensor(self.bias))
        return outputs if self.activation is None else self.activation(outputs)

    def _convolve(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        # XLA has no fast product of bfloat16 on the CPU.
        maps, kernel = tf.cast(inputs, tf.float32), tf.cast(kernel, tf.float32)
        together = _OUTPUTS_TOGETHER if maps.shape[-1] <= _FEW_CHANNELS else 1
        outputs = convolve_patches(maps, kernel, self.strides, self.padding == "same", together)
        return tf.cast(outputs, inputs.dtype)


def convolve_patches(
    maps: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int], same: bool, together: int = 1
) -> tf.Tensor:
    """Convolve by a product of patches and kernel.

    Args:
        maps: float32, (batch, height, width, channels). All sizes must be known.
        kernel: float32, (rows, columns, channels, filters).
        strides: Down and across.
        same: Whether to pad as Keras does for `padding: same`.
        together: How many neighboring outputs of a row are computed from one patch. The kernel is
            then repeated for each of them, with zeros where an output does not read the patch.

    Returns:
        float32, (batch, rows, columns, filters).
    """
    (rows, columns, channels, filters), (down, across) = kernel.shape, strides
    (above, below), (left, right) = (
        _padding(size, window, stride) if same else (0, 0)
        for size, window, stride in zip(maps.shape[1:3], (rows, columns), strides, strict=True)
    )
    batch, height, width, _ = maps.shape
    high = (height + above + below - rows) // down + 1
    wide = (width + left + right - columns) // across + 1
    patches_wide = -(-wide // together)  # patches in a row of outputs
    span = columns + (together - 1) * across  # input columns of a patch
    right = max(right, (patches_wide * together - 1) * across + columns - width - left)
    maps = tf.pad(maps, ((0, 0), (above, below), (left, right), (0, 0)))
    patches = tf.concat(
        [
            maps[
                :,
                row : row + (high - 1) * down + 1 : down,
                column : column + (patches_wide - 1) * together * across + 1 : together * across,
            ]
            for row in range(rows)
            for column in range(span)
        ],
        axis=-1,
    )
    spread = _spread(kernel, across, together)
    product = tf.matmul(tf.reshape(patches, (-1, rows * span * channels)), spread)
    outputs = tf.reshape(product, (batch, high, patches_wide * together, filters))
    return outputs[:, :, :wide]


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
