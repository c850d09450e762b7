"""Start TensorFlow: with its fast kernels, without the lines it writes as it is loaded."""

from __future__ import annotations

import faulthandler
import gc
import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from kcnn.errors import KcnnError, TemporaryFolderError
from kcnn.machine.native_stderr import held_back_standard_error
from kcnn.machine.unused_packages import unused_packages_hidden
from kcnn.progress import Progress

# TensorFlow leaves oneDNN's kernels off where a processor has no AVX-512 VNNI, as in many laptops.
# With them convolutions train up to 2.4 times as fast there (benchmarks/README.md).
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
_WITH_ONEDNN = ("x86_64", "AMD64")

# Keras reads these at import. The first two shorten every training; the third is for JAX.
_KERAS_VARIABLES = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH", "KERAS_NNX_ENABLED")

# Read by TensorFlow, XLA, oneDNN and the libraries of NVIDIA. Not all of `TF_`: Terraform keeps
# passwords in TF_VAR_password, TF_TOKEN_app_terraform_io and TF_CLI_ARGS.
_NUMERIC = re.compile(
    r"(XLA|ONEDNN|DNNL|MKL|KMP|OMP|OPENBLAS|CUDA|CUDNN|CUBLAS|NCCL|NVIDIA_TF32)_"
    r"|TF_(ENABLE|DISABLE|XLA|CUDNN|CUBLAS|GPU|CPU|NUM|FORCE|ONEDNN|DETERMINISTIC|AUTOTUNE|USE|MLIR"
    r"|GRAPPLER|FP16|FUNCTION|CONV|MATMUL|THREAD|SYNC|LAYOUT|AUTO|DEFAULT|MIN|MAX)_"
)


_LOADING_HINT = (
    "install it again (pip install --force-reinstall tensorflow); is there enough memory?"
)
if sys.platform == "win32":
    _LOADING_HINT += " Windows needs Microsoft's Visual C++ Redistributable, too"


def start_tensorflow(progress: Progress | None = None) -> None:
    """Import TensorFlow and Keras; every command that needs them calls this first.

    TensorFlow writes to the terminal before its own settings can stop it. Standard error is
    therefore held back during the import, and printed if the import fails.

    Args:
        progress: Shows the seconds it takes.

    Raises:
        TemporaryFolderError: No folder for temporary files can be written.
        KcnnError: Keras cannot use its keras.json, or TensorFlow cannot be loaded.
    """
    if "keras" in sys.modules and "tensorflow" in sys.modules:
        _undo_keras_settings()
        return
    _require_temporary_folder()
    os.environ.update(start_environment())
    for name in _KERAS_VARIABLES:
        os.environ.pop(name, None)
    if not os.environ.get("KERAS_HOME"):
        os.environ.pop("KERAS_HOME", None)  # Keras would take "" for the current folder
    task = (progress or Progress()).task("Starting TensorFlow")
    with task, held_back_standard_error(), _named_signals(), _uncollected():
        with unused_packages_hidden():
            _import_keras()
        import tensorflow as tf

        # Now, since it cannot be changed once they are in use: a command takes what memory it
        # needs, and not all there is.
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
    _undo_keras_settings()


def _require_temporary_folder() -> None:
    """Raise if no temporary folder can be written.

    absl asks for its path at import, Matplotlib may keep its cache there, and Keras saves models
    through it.

    Raises:
        TemporaryFolderError: There is no such folder.
    """
    try:
        tempfile.gettempdir()
    except OSError:
        raise TemporaryFolderError from None


def _import_keras() -> None:
    """Import Keras, which reads keras.json at import.

    Raises:
        KcnnError: Keras refuses the file's content, or TensorFlow's libraries cannot be loaded.
    """
    try:
        import keras  # noqa: F401
    except ImportError as error:
        last_line = str(error).strip().splitlines()[-1:] or ["no reason given"]
        raise KcnnError(f"TensorFlow cannot be loaded: {last_line[0]}", _LOADING_HINT) from None
    except Exception as error:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_globals.get("__name__") == "keras.src.backend.config":
                path = os.path.expanduser(str(frame.f_globals.get("_config_path", "keras.json")))  # noqa: PTH111
                raise KcnnError(
                    f"{path}: Keras cannot use it: {' '.join(str(error).split())}",
                    "fix the file or remove it; Keras then writes a new one",
                ) from None
        raise


def _undo_keras_settings() -> None:
    """Reset the settings that Keras read from keras.json or the environment.

    They would change a run: with channels_first, a recipe trains another model without an error.
    """
    import keras

    former = keras.config.floatx()
    if former != "float32" and keras.config.dtype_policy().name == former:
        keras.config.set_dtype_policy("float32")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_max_epochs(None)
    keras.config.set_max_steps_per_epoch(None)


def start_environment() -> dict[str, str]:
    """Return the environment variables that TensorFlow is started with.

    Returns:
        Values by name: Keras's backend, which must be TensorFlow, and others with the user's value
        if there is one, else with kcnn's.
    """
    settings = {"TF_CPP_MIN_LOG_LEVEL": "2"}
    if platform.machine() in _WITH_ONEDNN:
        settings[_ONEDNN] = "1"
    kept = {name: os.environ.get(name, value) for name, value in settings.items()}
    return {"KERAS_BACKEND": "tensorflow", **kept}


def numeric_environment() -> dict[str, str]:
    """Return the environment variables that can change numbers, for a run's environment.json."""
    return {name: os.environ[name] for name in sorted(os.environ) if _NUMERIC.match(name)}


def uses_onednn() -> bool | None:
    """Return whether oneDNN's kernels are on; call start_tensorflow first.

    Returns:
        Whether the variable that TensorFlow reads turns them on; None if it is not set.
    """
    setting = os.environ.get(_ONEDNN)
    return None if setting is None else setting.lower() in ("1", "true")


@contextmanager
def _named_signals() -> Iterator[None]:
    """Let Python print which fatal signal ends the process, such as an illegal instruction."""
    if faulthandler.is_enabled():
        yield
        return
    faulthandler.enable(2)
    try:
        yield
    finally:
        faulthandler.disable()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Exclude the objects of the import from garbage collection, now and later.

    The import makes 400,000 objects, and all of them stay. A collection that visits them takes a
    tenth of the import's time, and later a third of a second each time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
