"""Keras's dtype policy as a context, since Keras knows only a global one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Build models under a dtype policy; restore the former one afterwards.

    Args:
        name: Keras's name of it, `mixed_bfloat16` for instance.
    """
    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(former)
