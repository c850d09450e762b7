"""Starts TensorFlow: with its fast kernels, without the lines it writes as it is loaded."""

from __future__ import annotations

import gc
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kcnn.progress import Progress

# TensorFlow leaves oneDNN's kernels off where a processor has no AVX-512 VNNI, as in many laptops.
# With them convolutions train up to 2.4 times as fast there (benchmarks/README.md).
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
_WITH_ONEDNN = ("x86_64", "AMD64")


def start_tensorflow(progress: Progress | None = None) -> None:
    """Imports TensorFlow and Keras; every command that needs them calls this first.

    TensorFlow writes to the terminal before its own settings can stop it, so the standard error of
    the process is held back for the import, and shown after all when the import fails.

    Args:
        progress: Where the seconds it takes are shown.
    """
    if "keras" in sys.modules and "tensorflow" in sys.modules:
        return
    os.environ.update(start_environment())
    task = (progress or Progress()).task("Starting TensorFlow")
    with task, _held_back_standard_error(), _uncollected():
        import keras  # noqa: F401
        import tensorflow as tf

        # Now, since it cannot be changed once they are in use: a command takes what memory it
        # needs, and not all there is.
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)


def start_environment() -> dict[str, str]:
    """Gives the environment variables that TensorFlow is started with.

    Returns:
        Values by name: Keras's backend, which must be TensorFlow, and others as the user has set
        them, or as kcnn does.
    """
    settings = {"TF_CPP_MIN_LOG_LEVEL": "2"}
    if platform.machine() in _WITH_ONEDNN:
        settings[_ONEDNN] = "1"
    kept = {name: os.environ.get(name, value) for name, value in settings.items()}
    return {"KERAS_BACKEND": "tensorflow", **kept}


def uses_onednn() -> bool | None:
    """Says whether oneDNN's kernels are on, once TensorFlow was started.

    Returns:
        Whether they are, by the setting that TensorFlow reads; None where it has none to read.
    """
    setting = os.environ.get(_ONEDNN)
    return None if setting is None else setting.lower() in ("1", "true")


@contextmanager
def _held_back_standard_error() -> Iterator[None]:
    """Sends what C++ writes to file descriptor 2 to a temporary file."""
    with suppress(OSError):  # a terminal that is gone
        sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 2)
        try:
            yield
        except Exception:
            os.dup2(kept, 2)
            written.seek(0)
            os.write(2, written.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps Python from looking for garbage among what is imported, now and later.

    Importing makes 400,000 objects that all stay. Looking through them takes a tenth of the
    import's seconds, and a third of a second each time thereafter.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
