"""Run a model of LiteRT (.tflite), with numpy and ai-edge-litert only.

kcnn copies this file beside the model, as runtime.py, so that it needs nothing of kcnn.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata

import numpy as np


def version() -> str:
    """Return the runtime's name and version, such as `LiteRT 2.3.0`."""
    return f"LiteRT {metadata.version('ai-edge-litert')}"


def load(path: str) -> Callable[[np.ndarray], np.ndarray]:
    """Load a model.

    Args:
        path: The .tflite file.

    Returns:
        A function from raw images, uint8 of shape (count, height, width, channels), to their
        probabilities, float32 of shape (count, classes). It takes any number of images at a time,
        or the one that the file was made for. The first call with another number than before takes
        longer, because LiteRT plans its memory anew. It is not thread-safe: one thread at a time
        may call it, so a server needs a lock, or a loaded model for each thread.

    Raises:
        ValueError: The file is missing or is no model of LiteRT. Calling the function raises it for
            images of another shape or type.
    """
    with _silent_standard_error():
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=path, num_threads=_usable_cores())
        interpreter.allocate_tensors()
    images_details = interpreter.get_input_details()[0]
    any_number = images_details["shape_signature"][0] == -1
    tensor = images_details["index"]
    probabilities = interpreter.get_output_details()[0]["index"]
    count = int(images_details["shape"][0])

    def predict(images: np.ndarray) -> np.ndarray:
        nonlocal count
        if any_number and len(images) != count:
            interpreter.resize_tensor_input(tensor, images.shape, strict=True)
            count = 0  # until it is known that there is memory for that many
            interpreter.allocate_tensors()
            count = len(images)
        interpreter.set_tensor(tensor, images)
        interpreter.invoke()
        predicted: np.ndarray = interpreter.get_tensor(probabilities)  # a copy
        return predicted

    return predict


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux: not those that a container may not use
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _silent_standard_error() -> Iterator[None]:
    """Drop what C++ writes to standard error, such as `INFO: Created … XNNPACK delegate`.

    LiteRT's Python package has no setting for it. Errors are raised, so none is lost.
    """
    try:
        terminal = os.dup(2)
    except OSError:  # closed, as in a service
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)
