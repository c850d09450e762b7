"""Run a model of OpenVINO (.xml and .bin), with numpy and openvino only.

kcnn copies this file beside the model, as runtime.py, so that it needs nothing of kcnn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata

import numpy as np

# OpenVINO reports to Intel that it was imported, and writes a number for this into ~/intel. It does
# neither if it cannot import this package.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

# Where OpenVINO computes in bfloat16 or float16 by default (processors with AVX512_BF16 or AMX, and
# ARM), probabilities differ by up to 0.02 from the model's. A file cannot ask for float32; whoever
# loads it must. Without PRECISION it may be faster on such a processor.
PRECISION = {"INFERENCE_PRECISION_HINT": "f32"}
# One batch after the other, each on all cores. THROUGHPUT is for several batches at the same time.
PERFORMANCE = {"PERFORMANCE_HINT": "LATENCY"}


def version() -> str:
    """Return the runtime's name and version, such as `OpenVINO 2026.4.1`."""
    return f"OpenVINO {metadata.version('openvino')}"


def load(path: str) -> Callable[[np.ndarray], np.ndarray]:
    """Load a model.

    Args:
        path: The .xml file; the .bin file lies beside it.

    Returns:
        A function from raw images, uint8 of shape (count, height, width, channels), to their
        probabilities, float32 of shape (count, classes). It takes any number of images at a time,
        or the one that the file was made for. One thread at a time may call it.

    Raises:
        RuntimeError: The file is missing or is no model of OpenVINO. Calling the function raises it
            for images of another shape or type.
    """
    import openvino

    model = openvino.Core().compile_model(path, "CPU", {**PRECISION, **PERFORMANCE})

    def predict(images: np.ndarray) -> np.ndarray:
        probabilities: np.ndarray = model({"images": images})["probabilities"]  # a copy
        return probabilities

    return predict
