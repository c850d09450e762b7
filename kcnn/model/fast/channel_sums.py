"""Sums over all images and positions, in a form that XLA vectorizes."""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

# Slices that are added in one pass. With 20, leaky_bn trains 1.2 times as fast as with 1; with 100,
# leaky_bn_fast loses 6 %.
_MAX_SLICES = 20


def channel_sums(maps: tf.Tensor) -> tf.Tensor:
    """Return the sum of each channel.

    XLA does not vectorize a sum over many rows of few channels. So the rows are cut into a few long
    slices. The slices are added in the pass that computes them, and only their sum, one slice, is
    summed by channel.

    Args:
        maps: float32, (batch, …, channels). All sizes must be known.

    Returns:
        float32, (channels,).
    """
    count = math.prod(maps.shape[:-1])
    slices = max(number for number in range(1, _MAX_SLICES + 1) if count % number == 0)
    parts = tf.unstack(tf.reshape(maps, (slices, -1)))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return tf.reduce_sum(tf.reshape(total, (-1, maps.shape[-1])), axis=0)


@tf.custom_gradient
def add_bias(
    maps: tf.Tensor, bias: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
    """Add a bias to each channel, and compute its gradient by `channel_sums`.

    Args:
        maps: (batch, …, channels). All sizes must be known.
        bias: (channels,), of the same dtype.

    Returns:
        The sums, and a function from their gradient to those of maps and bias.
    """

    def gradients(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        sums = channel_sums(tf.cast(gradient, tf.float32))
        return gradient, tf.cast(sums, bias.dtype)

    return maps + bias, gradients
