"""Sums over all images and positions, in a form that XLA vectorizes."""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

# Slices that are added in one pass. More make a pass longer than the cache.
_MOST_SLICES = 20


def channel_sums(maps: tf.Tensor) -> tf.Tensor:
    """Return the sum of each channel.

    XLA computes the sum of many rows of few values one by one. Here a few long slices are added
    first, in the pass that computes them, and only the rest is summed up by channel.

    Args:
        maps: float32, (batch, …, channels), a shape that is known.
    """
    count = math.prod(maps.shape[:-1])
    slices = max(number for number in range(1, _MOST_SLICES + 1) if count % number == 0)
    parts = tf.unstack(tf.reshape(maps, (slices, -1)))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return tf.reduce_sum(tf.reshape(total, (-1, maps.shape[-1])), axis=0)


@tf.custom_gradient
def add_bias(
    maps: tf.Tensor, bias: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
    """Add a bias to each channel; its gradient is a channel sum.

    Args:
        maps: (batch, …, channels).
        bias: (channels,), of the same type.
    """

    def gradients(gradient: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        sums = channel_sums(tf.cast(gradient, tf.float32))
        return gradient, tf.cast(sums, bias.dtype)

    return maps + bias, gradients
