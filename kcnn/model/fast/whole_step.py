"""Whether a whole training step is being compiled, so that layers choose operations for XLA."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_IS_COMPILED = ContextVar("is_compiled", default=False)


@contextmanager
def whole_step() -> Iterator[None]:
    """Mark what is traced in the block as a training step that XLA compiles as one program."""
    token = _IS_COMPILED.set(True)
    try:
        yield
    finally:
        _IS_COMPILED.reset(token)


def in_whole_step() -> bool:
    """Return whether this code is traced for a step that XLA compiles as one program."""
    return _IS_COMPILED.get()
