"""Packages that Keras imports where it finds them, for functions that kcnn does not use."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# For Keras's galleries of images, for tables as data, and for its wrappers of scikit-learn. They
# take a third of the import of TensorFlow and Keras.
UNUSED_PACKAGES = ("matplotlib", "pandas", "sklearn")

_hidden: list[str] = []


def hide_unused_packages() -> None:
    """Let Keras's import find no package of UNUSED_PACKAGES.

    Only where the process runs kcnn alone: another program's Keras must still take a DataFrame.
    """
    _hidden[:] = UNUSED_PACKAGES


@contextmanager
def unused_packages_hidden() -> Iterator[None]:
    """Hide the packages in the body, if `hide_unused_packages` was called.

    Packages that were imported before stay visible.
    """
    hidden = [name for name in _hidden if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # import then raises an ImportError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
