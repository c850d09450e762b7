"""The gate: what was exported must answer as the model does, in a fresh process, on every image."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from kcnn.data.dataset import Images
from kcnn.errors import ExportError
from kcnn.export.plain_tensorflow import CANNOT_WRITE, save_array
from kcnn.export.saved_model import SIGNATURES
from kcnn.progress import Advance, Progress

SCRIPT = Path(__file__).with_name("plain_tensorflow.py")
# How far probabilities may lie apart, by the least exact type the model computes in. On one machine
# both sides are mostly equal to the bit, but TensorFlow is free to fuse an exported graph otherwise
# than the model's, and so to add and round in another order: float32 keeps 7 digits, of which long
# sums lose two; float16 keeps 3 and bfloat16 between 2 and 3, before the softmax levels them out.
TOLERANCES = {"float32": 1e-5, "float16": 2e-3, "bfloat16": 2e-2}


@dataclass(frozen=True)
class Agreement:
    """How closely an export answers as its model does.

    Args:
        images: Number of images compared, each with every signature.
        largest_difference: Between two probabilities, over all images, classes and signatures.
        different_classes: Images given another class by some signature.
        accuracy: The export's share of right classes, the lowest of its signatures.
    """

    images: int
    largest_difference: float
    different_classes: int
    accuracy: float


def tolerance(model: keras.Model) -> float:
    """Says how far an export's probabilities may lie from the model's, by its precision."""
    return max(TOLERANCES.get(layer.compute_dtype, 0.0) for layer in model.layers)


def require_agreement(
    saved_model: Path,
    model: keras.Model,
    test: Images,
    probabilities: np.ndarray,
    batch_size: int,
    progress: Progress,
) -> Agreement:
    """Asks a SavedModel in a fresh process, and holds its answers against the model's own.

    Args:
        saved_model: The folder as written.
        model: What was exported.
        test: The whole test set.
        probabilities: What the model itself answers to it, float32, (count, classes).
        batch_size: Images that the model answered at a time, so that both sides add up in the same
            order.
        progress: Told of images done.

    Raises:
        ExportError: The SavedModel cannot be loaded or run, or its answers are other ones.
    """
    answers = ask(saved_model, tuple(SIGNATURES), test.images, batch_size, progress)
    largest_allowed = tolerance(model)
    classes = probabilities.argmax(axis=1)
    exported_classes = [answer.argmax(axis=1) for answer in answers.values()]
    agreement = Agreement(
        images=len(test),
        largest_difference=max(
            float(np.abs(answer - probabilities).max()) for answer in answers.values()
        ),
        different_classes=max(int(np.sum(other != classes)) for other in exported_classes),
        accuracy=min(float(np.mean(other == test.labels)) for other in exported_classes),
    )
    # Written so that NaN is no agreement.
    if not agreement.largest_difference <= largest_allowed:
        raise ExportError(
            f"the exported model does not answer as the model does: probabilities differ by up to "
            f"{agreement.largest_difference:.2g} (allowed {largest_allowed:g}), "
            f"{agreement.different_classes:,} of {agreement.images:,} images got another class",
            "nothing was exported; please report this with the run's resolved.yaml",
        )
    return agreement


def ask(
    saved_model: Path,
    signatures: Sequence[str],
    images: np.ndarray,
    batch_size: int,
    progress: Progress,
) -> dict[str, np.ndarray]:
    """Runs a SavedModel over images in a fresh process that knows only TensorFlow.

    Args:
        saved_model: The SavedModel's folder.
        signatures: The signatures to ask.
        images: uint8, (count, height, width, channels).
        batch_size: Images at a time.
        progress: Told of images done.

    Returns:
        For each signature its answers, float32, (count, classes).

    Raises:
        ExportError: The process failed or was killed, or the temporary folder does not hold the
            images and the answers.
    """
    total = len(images) * len(signatures)
    with (
        _folder_of(images) as folder,
        progress.task("Checking the export", total, "images") as advance,
    ):
        command = [sys.executable, "-P", str(SCRIPT), str(saved_model)]
        command += [str(folder / "images.npy"), str(folder), str(batch_size), *signatures]
        ending = _run(command, folder / "errors.txt", advance)
        if ending.status == CANNOT_WRITE:
            raise _no_room(str(folder.parent), ending.last_line, images)
        if ending.status:
            raise _failure(ending.status, ending.last_error)
        return {signature: np.load(folder / f"{signature}.npy") for signature in signatures}


@contextmanager
def _folder_of(images: np.ndarray) -> Iterator[Path]:
    """Makes a temporary folder with images.npy; when it cannot be written, that is not the run's.

    Raises:
        ExportError: It cannot be written.
    """
    with ExitStack() as stack:
        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kcnn-")))
            save_array(folder / "images.npy", images)
        except OSError as error:
            where = tempfile.tempdir or "temporary folder"
            raise _no_room(where, error.strerror or str(error), images) from None
        yield folder


def _no_room(where: str, reason: str, images: np.ndarray) -> ExportError:
    return ExportError(
        f"{where}: cannot be written: {reason}",
        f"the check of the export writes the test set there, {-(-images.nbytes // 1000):,} kB, and "
        "the answers to it: make room, or set TMPDIR to another folder",
    )


@dataclass(frozen=True)
class _Ending:
    """How a process ended.

    Args:
        status: Its exit status; below 0 the signal that killed it.
        last_line: The last line of its output that is no number.
        last_error: The last line of its standard error.
    """

    status: int
    last_line: str
    last_error: str


def _run(command: Sequence[str], errors: Path, advance: Advance) -> _Ending:
    """Runs a process that prints numbers of images done."""
    # On the processor: the graphics memory belongs to the process that asks.
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    with (
        errors.open("w+", encoding="utf-8", errors="replace") as stderr,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
            errors="replace",
            env=environment,
        ) as process,
    ):
        assert process.stdout is not None
        said = ""
        try:
            for line in map(str.strip, process.stdout):
                if line.isdecimal():
                    advance(int(line))
                else:  # a library may print what it likes
                    said = line or said
        except BaseException:
            process.kill()
            raise
        status = process.wait()
        stderr.seek(0)
        lines = stderr.read().split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "no message")
        return _Ending(status, said, last.strip())


def _failure(status: int, last_words: str) -> ExportError:
    if status < 0:
        return ExportError(
            f"the process that checks the export was killed by signal {-status}: {last_words}",
            "nothing was exported; was there enough memory?",
        )
    return ExportError(
        f"the exported model cannot be run by TensorFlow alone: {last_words}",
        "nothing was exported; please report this with the run's resolved.yaml",
    )
