"""Whether a whole training step is being compiled, so that layers choose operations for XLA."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_IN_WHOLE_STEP = ContextVar("in_whole_step", default=False)


@contextmanager
def whole_step() -> Iterator[None]:
    """Mark what is traced in the block as a training step that XLA compiles as one program."""
    token = _IN_WHOLE_STEP.set(True)
    try:
        yield
    finally:
        _IN_WHOLE_STEP.reset(token)


def in_whole_step() -> bool:
    """Return whether this code is traced for a step that XLA compiles as one program."""
    return _IN_WHOLE_STEP.get()
