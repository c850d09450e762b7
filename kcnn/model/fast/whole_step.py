"""Whether a whole training step is being compiled, so that layers choose operations for XLA."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras

# The dtype of what a convolution multiplies; None outside a step.
_OPERANDS: ContextVar[str | None] = ContextVar("operands", default=None)


@contextmanager
def whole_step(operands: str = "float32") -> Iterator[None]:
    """Mark what is traced in the block as a training step that XLA compiles as one program.

    Args:
        operands: The dtype that a convolution rounds to what it multiplies.
    """
    token = _OPERANDS.set(operands)
    try:
        yield
    finally:
        _OPERANDS.reset(token)


@contextmanager
def whole_step_of(model: keras.Model) -> Iterator[None]:
    """Mark what is traced in the block as a step of a model that XLA compiles as one program.

    XLA's bfloat16 on the CPU is float32, rounded after each operation, one value at a time. So of a
    model in bfloat16, only what a convolution multiplies is rounded, and all else is float32.
    """
    in_bfloat16 = [layer for layer in model.layers if layer.compute_dtype == "bfloat16"]
    policies = [layer.dtype_policy for layer in in_bfloat16]
    for layer in in_bfloat16:
        layer.dtype_policy = "float32"
    try:
        with whole_step("bfloat16" if in_bfloat16 else "float32"):
            yield
    finally:
        for layer, policy in zip(in_bfloat16, policies, strict=True):
            layer.dtype_policy = policy


def in_whole_step() -> bool:
    """Return whether this code is traced for a step that XLA compiles as one program."""
    return _OPERANDS.get() is not None


def operand_dtype() -> str:
    """Return the dtype of what a convolution multiplies in the step that is being compiled."""
    operands = _OPERANDS.get()
    assert operands is not None
    return operands
