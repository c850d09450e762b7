"""Packages that Keras imports where it finds them, for functions that kcnn does not use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Keras needs them for galleries of images, for DataFrames, and for its wrappers of scikit-learn.
# They take a third of the time to import TensorFlow and Keras.
UNUSED_PACKAGES = ("matplotlib", "pandas", "sklearn")

_hidden: list[str] = []


def hide_unused_packages() -> None:
    """Let `start_tensorflow` hide UNUSED_PACKAGES from Keras.

    Call this only in a process that runs nothing but kcnn: in another program, Keras must still
    take a DataFrame.
    """
    _hidden[:] = UNUSED_PACKAGES


@contextmanager
def unused_packages_hidden() -> Iterator[None]:
    """Hide UNUSED_PACKAGES in the block, if `hide_unused_packages` was called.

    Packages that are imported already stay visible.
    """
    hidden = [name for name in _hidden if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # import then raises an ImportError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
