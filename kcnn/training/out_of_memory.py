"""The error for memory that ran out."""

from __future__ import annotations

import re

import tensorflow as tf

from kcnn.errors import TrainingError
from kcnn.text.numbers import shape_text

_REQUESTED = re.compile(r"shape ?\[([\d,]+)\] and type (\w+)")
_TYPES = {"float": tf.float32, "half": tf.float16, "double": tf.float64}


def out_of_memory(reason: str, batch_size: int) -> TrainingError:
    """Return the error for memory that ran out: how much was requested, and what to try.

    Args:
        reason: TensorFlow's own message.
        batch_size: The recipe's batch size.
    """
    hint = "close other programs, or train a smaller model"
    if batch_size > 1:
        hint = f"try train.batch_size={batch_size // 2}, which needs about half as much"
    requested = _REQUESTED.search(reason)
    if requested is None:
        return TrainingError("memory ran out while training", hint)
    shape = [int(size) for size in requested[1].split(",")]
    dtype = _TYPES.get(requested[2]) or tf.as_dtype(requested[2])
    megabytes = tf.TensorShape(shape).num_elements() * dtype.size / 1e6
    return TrainingError(
        f"memory ran out while training: {megabytes:,.0f} MB were requested, for an array of shape "
        f"{shape_text(shape)}",
        hint,
    )
