"""The gate: an export must predict what its model predicts for all test images."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import keras
import numpy as np

from kcnn.data.batches import read_batches
from kcnn.data.dataset import Images
from kcnn.data.labels import THRESHOLD
from kcnn.errors import ExportError
from kcnn.export.plain_tensorflow import CANNOT_WRITE
from kcnn.export.saved_model import SIGNATURES
from kcnn.progress import Advance, Progress

RUNNER = Path(__file__).with_name("plain_tensorflow.py")
# How far probabilities may differ, for the least exact type that the model computes in. On one
# machine both sides are mostly equal to the bit, but TensorFlow may fuse the operations of an
# exported graph in another way, and so round and add in another order. float32 has 7 digits, of
# which long sums lose two; float16 has 3 and bfloat16 between 2 and 3, before the softmax.
TOLERANCES = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 2e-2}


@dataclass(frozen=True)
class Agreement:
    """How closely an export predicts what its model predicts.

    Args:
        images: Number of images compared, each with every signature.
        largest_difference: Of two probabilities, over all images, classes and signatures.
        different_classes: Number of images with another predicted class or label, for the
            signature with the most of them.
        accuracy: The export's accuracy, for the signature with the lowest; NaN if the labels are of
            another kind.
    """

    images: int
    largest_difference: float
    different_classes: int
    accuracy: float


def tolerance(model: keras.Model) -> float:
    """Return how far an export's probabilities may differ from the model's."""
    return max(TOLERANCES.get(layer.compute_dtype, 0.0) for layer in model.layers)


def require_agreement(
    saved_model: Path,
    model: keras.Model,
    test: Images,
    probabilities: np.ndarray,
    batch_size: int,
    progress: Progress,
    several_labels: bool = False,
) -> Agreement:
    """Predict with a SavedModel in a fresh process, and compare with the model's predictions.

    Args:
        saved_model: The folder of the SavedModel.
        model: The model that was exported.
        test: All test images.
        probabilities: The model's predictions for them, float32, (count, classes).
        batch_size: The batch size of those predictions, so that both sides add in the same order.
        progress: Where the progress is reported.
        several_labels: Whether the model predicts several labels an image, yes or no.

    Returns:
        How closely the predictions agree.

    Raises:
        ExportError: The SavedModel cannot be loaded or run, or it predicts something else.
    """
    predictions = predict_in_fresh_process(
        saved_model, tuple(SIGNATURES), test, batch_size, progress
    )
    model_classes = _decided(probabilities, several_labels)
    differences, different_classes, accuracies = [], [], []
    for exported in predictions.values():
        classes = _decided(exported, several_labels)
        differences.append(float(np.abs(exported - probabilities).max()))
        differs = (classes != model_classes).reshape(len(test), -1).any(axis=1)
        different_classes.append(int(differs.sum()))
        is_comparable = classes.shape == test.labels.shape
        accuracies.append(float(np.mean(classes == test.labels)) if is_comparable else float("nan"))
    agreement = Agreement(
        images=len(test),
        largest_difference=max(differences),
        different_classes=max(different_classes),
        accuracy=min(accuracies),
    )
    allowed = tolerance(model)
    # `not <=` instead of `>`, so that NaN is an error.
    if not agreement.largest_difference <= allowed:
        raise ExportError(
            f"the exported model does not predict what the model predicts: probabilities differ by "
            f"up to {agreement.largest_difference:.2g} (allowed {allowed:g}), "
            f"{agreement.different_classes:,} of {agreement.images:,} images have another class",
            "nothing was exported; please report this with the run's resolved.yaml",
        )
    return agreement


def _decided(probabilities: np.ndarray, several_labels: bool) -> np.ndarray:
    """Return the class of each image, (count,); or its labels, bool of shape (count, classes)."""
    decided: np.ndarray = (
        probabilities > THRESHOLD if several_labels else probabilities.argmax(axis=1)
    )
    return decided


def predict_in_fresh_process(
    saved_model: Path,
    signatures: Sequence[str],
    images: Images,
    batch_size: int,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Run a SavedModel on images in a fresh process that has TensorFlow only.

    The images go through a pipe, batch by batch, so they need neither memory nor disk.

    Args:
        saved_model: The SavedModel's folder.
        signatures: The signatures to run.
        images: The images.
        batch_size: Images in a batch.
        progress: Where the progress is reported.

    Returns:
        The predictions of each signature, float32, (count, classes).

    Raises:
        DataError: An image cannot be read.
        ExportError: The process failed or was killed, or the temporary folder has no room for the
            predictions.
    """
    with (
        _temporary_folder() as folder,
        progress.task("Checking the export", len(images), "images") as advance,
    ):
        shape = (len(images), *images.shape)
        command = [sys.executable, "-P", str(RUNNER), str(saved_model), str(folder)]
        command += [",".join(map(str, shape)), str(batch_size), *signatures]
        ending = _run(command, read_batches(images, batch_size), folder / "errors.txt", advance)
        if ending.status == CANNOT_WRITE:
            raise _cannot_write(str(folder.parent), ending.last_line)
        if ending.status:
            raise _failure(ending.status, ending.last_error)
        return {signature: np.load(folder / f"{signature}.npy") for signature in signatures}


@contextmanager
def _temporary_folder() -> Iterator[Path]:
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


def _failure(status: int, last_error: str) -> ExportError:
    if status < 0:
        return ExportError(
            f"the process that checks the export was killed by signal {-status}: {last_error}",
            "nothing was exported; was there enough memory?",
        )
    return ExportError(
        f"the exported model cannot be run by TensorFlow alone: {last_error}",
        "nothing was exported; please report this with the run's resolved.yaml",
    )
