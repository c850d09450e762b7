"""Run a model of ONNX (.onnx), with numpy and onnxruntime only.

kcnn copies this file beside the model, as runtime.py, so that it needs nothing of kcnn.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

# Else ONNX Runtime 1.32 reports to Microsoft from the moment it is imported, on Linux too: it keeps
# a device ID in ~/.cache/Microsoft and a file in the temporary folder.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
import onnxruntime


def version() -> str:
    """Return the runtime's name and version, such as `ONNX Runtime 1.32.0`."""
    return f"ONNX Runtime {onnxruntime.__version__}"


def load(path: str) -> Callable[[np.ndarray], np.ndarray]:
    """Load a model.

    Args:
        path: The .onnx file.

    Returns:
        A function from raw images, uint8 of shape (count, height, width, channels), to their
        probabilities, float32 of shape (count, classes). It takes any number of images at a time,
        or the one that the file was made for. Several threads may call it.
    """
    onnxruntime.disable_telemetry_events()  # on Windows, where it is the system's
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = _usable_cores()
    # Threads that wait for work would otherwise keep cores busy.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def predict(images: np.ndarray) -> np.ndarray:
        probabilities: np.ndarray
        [probabilities] = session.run(["probabilities"], {"images": images})
        return probabilities

    return predict


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux: not those that a container may not use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
