"""What to say when memory ran out."""

from __future__ import annotations

import re

import tensorflow as tf

from kcnn.errors import TrainingError

_ASKED = re.compile(r"shape ?\[([\d,]+)\] and type (\w+)")
_TYPES = {"float": tf.float32, "half": tf.float16, "double": tf.float64}


def out_of_memory(reason: str, batch_size: int) -> TrainingError:
    """Makes the error for memory that ran out: how much was asked for, and what to try.

    Args:
        reason: TensorFlow's own message.
        batch_size: The recipe's.
    """
    hint = "close other programs, or train a smaller network"
    if batch_size > 1:
        hint = f"try train.batch_size={batch_size // 2}, which needs about half as much"
    asked = _ASKED.search(reason)
    if asked is None:
        return TrainingError("memory ran out while training", hint)
    shape = [int(size) for size in asked[1].split(",")]
    kind = _TYPES.get(asked[2]) or tf.as_dtype(asked[2])
    megabytes = tf.TensorShape(shape).num_elements() * kind.size / 1e6
    written = "×".join(map(str, shape))
    return TrainingError(
        f"memory ran out while training: {megabytes:,.0f} MB were asked for, numbers of shape "
        f"{written}",
        hint,
    )
