"""The program of a fresh process: predict with an artefact in its own runtime, without kcnn.

    python -P runner.py TASK

TASK is a JSON object:

- `runtime`: the file of a module with `load` and `version`;
- `artefact`, `folder`: the model, and where to write;
- `shape`: number, height, width and channels of the images;
- `batch_size`, `fixed`: images at a time, and whether the artefact takes only batches of that size;
- `signatures`: each is passed to `load`; an empty list for none;
- `without`: modules that must not be imported.

Read the pixels from standard input, one byte a value, and print the number of images after each
batch. Write the predictions into the folder, `0.npy` for the first signature, and `measured.json`.
If there is no room for them, the last line printed is the reason, and the exit status CANNOT_WRITE.
"""

from __future__ import annotations

import importlib.util
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

CANNOT_WRITE = 74  # EX_IOERR of sysexits.h; the exit status of Python's own errors is 1
TIMED_BATCHES = (1, 32)
# Each batch size is timed for so many seconds, and at least so many times.
SECONDS, MIN_TIMES = 0.3, 5

Predict = Callable[[np.ndarray], np.ndarray]


def main(task: dict[str, Any], stream: BinaryIO) -> None:
    """Predict with an artefact, and measure it.

    Args:
        task: As in the description of this module.
        stream: The pixels of all images.

    Raises:
        SystemExit: The predictions cannot be written.
        EOFError: The stream ends too early.
    """
    sys.modules.update(dict.fromkeys(task["without"]))  # an import of them now fails
    runtime = load_module(task["runtime"])
    signatures = [[name] for name in task["signatures"]] or [[]]
    loaded = [runtime.load(task["artefact"], *signature) for signature in signatures]
    fixed = task["batch_size"] if task["fixed"] else None
    predictors = [in_batches_of(fixed, predict) if fixed else predict for predict in loaded]
    parts: list[list[np.ndarray]] = [[] for _ in predictors]
    samples: list[np.ndarray] = []
    for batch in read_batches(stream, task["shape"], task["batch_size"]):
        if sum(map(len, samples)) < max(TIMED_BATCHES):
            samples.append(batch)
        for part, predict in zip(parts, predictors, strict=True):
            part.append(predict(batch))
        report(str(len(batch)))
    measured = {
        "runtime": runtime.version(),
        "peak_memory_mb": peak_memory_mb(),
        "ms": milliseconds(loaded[-1], np.concatenate(samples), fixed),
    }
    try:
        for index, part in enumerate(parts):
            save_array(Path(task["folder"], f"{index}.npy"), np.concatenate(part))
        Path(task["folder"], "measured.json").write_text(json.dumps(measured))
    except OSError as error:
        # Standard error may be a file on the full disk. Standard output is a pipe.
        report(error.strerror or str(error))
        sys.exit(CANNOT_WRITE)


def load_module(path: str) -> ModuleType:
    """Load a module from a file, without its package."""
    spec = importlib.util.spec_from_file_location("runtime", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_batches(stream: BinaryIO, shape: list[int], batch_size: int) -> Iterator[np.ndarray]:
    """Read images in batches: uint8, (at most batch_size, height, width, channels).

    Raises:
        EOFError: The stream ends too early.
    """
    count, *image_shape = shape
    for start in range(0, count, batch_size):
        size = min(batch_size, count - start)
        content = stream.read(size * math.prod(image_shape))
        if len(content) < size * math.prod(image_shape):
            raise EOFError("the images end too early")
        yield np.frombuffer(content, np.uint8).reshape(size, *image_shape)


def in_batches_of(size: int, predict: Predict) -> Predict:
    """Return a function for at most `size` images, by one that takes exactly so many."""

    def predict_padded(batch: np.ndarray) -> np.ndarray:
        padding = np.zeros((size - len(batch), *batch.shape[1:]), np.uint8)
        return predict(np.concatenate([batch, padding]))[: len(batch)]

    return predict_padded


def milliseconds(predict: Predict, images: np.ndarray, fixed: int | None) -> dict[str, float]:
    """Time a function; return the median milliseconds an image for each batch size.

    Args:
        predict: Predicts for a batch.
        images: Some images; too few for a batch are repeated.
        fixed: The only batch size that it takes; None if it takes any.
    """
    shape = images.shape[1:]
    sizes = [size for size in TIMED_BATCHES if fixed in (None, size)]
    return {str(size): _timed(predict, np.resize(images, (size, *shape))) for size in sizes}


def _timed(predict: Predict, batch: np.ndarray) -> float:
    predict(batch)  # some runtimes prepare when they see a new size
    times: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(times) < MIN_TIMES or time.perf_counter() < end:
        started = time.perf_counter()
        predict(batch)
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times) / len(batch)


def peak_memory_mb() -> float:
    """Return the peak memory of this process in MB."""
    if sys.platform == "linux":
        # `getrusage` would count what the parent had when it started this process.
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) * 1024 / 1e6, 1)
        return float("nan")
    if sys.platform == "win32":
        import psutil

        return round(psutil.Process().memory_info().peak_wset / 1e6, 1)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6, 1)


def report(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def save_array(path: Path, array: np.ndarray) -> None:
    """Write a .npy file, and raise if any byte of it cannot be written.

    Args:
        path: The file.
        array: The array to write.

    Raises:
        OSError: The file cannot be written, or the disk is full.
    """
    # Given a path, or a file opened for writing only, NumPy writes through a buffer of C and does
    # not notice if the disk has no room for the last 4 kB.
    with path.open("w+b") as stream:
        np.save(stream, array)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.stdin.buffer)
