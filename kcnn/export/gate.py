"""The gate's fresh process: run an artefact in its own runtime, on all test images.

`kcnn.export.agreement` compares what it predicts with what the model predicts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from kcnn.data.batches import read_batches
from kcnn.data.dataset import Images
from kcnn.errors import ConversionError, ExportError
from kcnn.export.format import Format, Options
from kcnn.export.runner import CANNOT_WRITE
from kcnn.progress import Advance, Progress

RUNNER = Path(__file__).with_name("runner.py")


@dataclass(frozen=True)
class RuntimeResult:
    """What a runtime computed with an artefact, in a fresh process.

    Args:
        predictions: float32, (count, classes), of each of the artefact's signatures.
        runtime: The runtime and its version, such as `LiteRT 2.3.0`.
        milliseconds: For an image, by batch size; only the sizes that the artefact takes.
        peak_memory_mb: The most memory that the process had.
    """

    predictions: Sequence[np.ndarray]
    runtime: str
    milliseconds: Mapping[int, float]
    peak_memory_mb: float


def run_artefact(
    form: Format,
    options: Options,
    artefact: Path,
    images: Images,
    batch_size: int,
    progress: Progress,
) -> RuntimeResult:
    """Run an artefact on images in a fresh process that has its runtime only.

    The images go through a pipe, batch by batch, so they need neither memory nor disk.

    Args:
        form: The artefact's format.
        options: The options that it was written with.
        artefact: The file or folder of the model.
        images: The images.
        batch_size: Images in a batch, unless the artefact takes only batches of another size.
        progress: Where the progress is reported.

    Returns:
        The predictions, and what the process measured.

    Raises:
        DataError: An image cannot be read.
        ExportError: The process failed or was killed, or the temporary folder has no room for the
            predictions.
    """
    fixed = form.BATCH_SIZE or options.batch_size
    size = fixed or batch_size
    with (
        temporary_folder() as folder,
        progress.task(f"Checking {form.TITLE}", len(images), "images") as advance,
    ):
        task: dict[str, Any] = {
            "runtime": str(form.RUNTIME),
            "artefact": str(artefact),
            "folder": str(folder),
            "shape": (len(images), *images.shape),
            "batch_size": size,
            "fixed": fixed is not None,
            "signatures": form.SIGNATURES,
            "without": ("kcnn", *form.WITHOUT),
        }
        command = [sys.executable, "-P", str(RUNNER), json.dumps(task)]
        ending = _run(command, read_batches(images, size), folder / "errors.txt", advance)
        if ending.status == CANNOT_WRITE:
            raise _cannot_write(str(folder.parent), ending.last_line)
        if ending.status:
            raise _failure(form, ending.status, ending.last_error)
        measured = json.loads((folder / "measured.json").read_text())
        return RuntimeResult(
            predictions=[
                np.load(folder / f"{index}.npy") for index in range(len(form.SIGNATURES) or 1)
            ],
            runtime=measured["runtime"],
            milliseconds={int(count): time for count, time in measured["ms"].items()},
            peak_memory_mb=measured["peak_memory_mb"],
        )


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Create a temporary folder, and remove it afterwards.

    Raises:
        ExportError: The folder cannot be created. This is not the run's fault.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="kcnn-")
    except OSError as error:
        where = tempfile.tempdir or "temporary folder"
        raise _cannot_write(where, error.strerror or str(error)) from None
    with folder as path:
        yield Path(path)


def _cannot_write(where: str, reason: str) -> ExportError:
    return ExportError(
        f"{where}: cannot be written: {reason}",
        "the check of the export writes its predictions there: make room, or set TMPDIR to another "
        "folder",
    )


@dataclass(frozen=True)
class _Ending:
    """How a process ended.

    Args:
        status: Its exit status; below 0, the signal that killed it.
        last_line: The last line of its standard output that is not a number.
        last_error: The last line of its standard error.
    """

    status: int
    last_line: str
    last_error: str


def _run(
    command: Sequence[str], batches: Iterable[np.ndarray], errors: Path, advance: Advance
) -> _Ending:
    """Run a process that reads batches of images and prints numbers of images done."""
    # On the CPU: this process may hold all of the GPU's memory.
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    with (
        errors.open("w+", encoding="utf-8", errors="replace") as stderr,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, env=environment
        ) as process,
        ThreadPoolExecutor(1) as pool,
    ):
        assert process.stdin is not None and process.stdout is not None
        last_line = pool.submit(_count, process.stdout, advance)
        try:
            # A process that has ended reads no further batch; its exit status says why.
            with suppress(BrokenPipeError):
                for batch in batches:
                    process.stdin.write(np.ascontiguousarray(batch).data)
                process.stdin.flush()
            with suppress(BrokenPipeError):
                process.stdin.close()
            last = last_line.result()
        except BaseException:
            process.kill()
            raise
        status = process.wait()
        stderr.seek(0)
        lines = stderr.read().split("\n")
        last_error = next((line for line in reversed(lines) if line.strip()), "no message")
        return _Ending(status, last, last_error.strip())


def _count(lines: IO[bytes], advance: Advance) -> str:
    """Report the numbers that a process prints; return the last line that is no number."""
    last_line = ""
    for content in lines:
        line = content.decode("utf-8", "replace").strip()
        if line.isdecimal():
            advance(int(line))
        else:  # libraries may print other lines
            last_line = line or last_line
    return last_line


def _failure(form: Format, status: int, last_error: str) -> ExportError:
    if status < 0:
        return ExportError(
            f"the process that checks {form.TITLE} was killed by signal {-status}: {last_error}",
            "was there enough memory?",
        )
    return ConversionError(
        f"{form.TITLE} cannot run what was written: {last_error}",
    )
