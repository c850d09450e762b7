"""Reads the tables of a run folder that pictures are drawn from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kcnn.errors import RunError
from kcnn.files.atomic import read_table
from kcnn.files.npz import ArraysError, read_arrays
from kcnn.runs.folder import RunFolder

DAMAGED_HINT = "restore the file, or train the run again"


@dataclass(frozen=True)
class Confusion:
    """How often each class was taken for each.

    Args:
        class_names: One name a class.
        counts: int64, shape (classes, classes): a row a true class, a column a predicted one.
    """

    class_names: tuple[str, ...]
    counts: np.ndarray


@dataclass(frozen=True)
class Predictions:
    """What the model said of each test image.

    Args:
        index: int64, shape (count,): the image's place in the test set.
        label: int64, shape (count,): its true class.
        predicted: int64, shape (count,): the class with the highest probability.
        probability: float64, shape (count,): that probability, between 0 and 1.
    """

    index: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray


def read_confusion(run: RunFolder) -> Confusion:
    """Reads confusion.csv.

    Raises:
        RunError: It is missing, or not a square table of counts with the same classes both ways.
    """
    header, *rows = _read_rows(run.confusion)
    names = tuple(header[1:])
    try:
        counts = np.array([[int(cell) for cell in row[1:]] for row in rows], dtype=np.int64)
        square = counts.shape == (len(names), len(names))
    except (ValueError, OverflowError):
        square = False
    if not square or names != tuple(row[0] for row in rows):
        raise RunError(
            f"{run.confusion}: expected a square table of counts, the same classes both ways",
            DAMAGED_HINT,
        )
    return Confusion(names, counts)


def read_predictions(run: RunFolder) -> Predictions:
    """Reads predictions.csv.

    Raises:
        RunError: It is missing, or a column is missing or holds something else than numbers.
    """
    header, *rows = _read_rows(run.predictions)
    try:
        columns = dict(zip(header, zip(*rows, strict=True), strict=True))
        whole = {
            name: np.array([int(cell) for cell in columns[name]], dtype=np.int64)
            for name in ("index", "label", "predicted")
        }
        probability = np.array([float(cell) for cell in columns["probability"]])
    except (ValueError, KeyError, OverflowError):
        raise RunError(
            f"{run.predictions}: expected numbers under index, label, predicted, probability",
            DAMAGED_HINT,
        ) from None
    return Predictions(**whole, probability=probability)


def read_steps(run: RunFolder) -> np.ndarray:
    """Reads steps.csv: the loss of every training step, float64 of shape (steps,).

    Raises:
        RunError: It is missing, or holds something else than the numbers of steps and losses.
    """
    _, *rows = _read_rows(run.steps, "its first epoch ended, or made by an older kcnn")
    try:
        return np.array([float(loss) for _, loss in rows])
    except ValueError:
        raise RunError(f"{run.steps}: expected a loss for each step", DAMAGED_HINT) from None


def read_filters(run: RunFolder) -> tuple[np.ndarray, np.ndarray]:
    """Reads the first convolution's kernel before and after training from filters.npz.

    Returns:
        Two float32 arrays of shape (height, width, channels, filters).

    Raises:
        RunError: It is missing, or does not hold two such arrays of one shape.
    """
    try:
        arrays = read_arrays(run.filters)
        before, after = arrays["before"], arrays["after"]
    except FileNotFoundError:
        raise RunError(
            f"{run.filters}: missing", "the run was stopped early, or its net has no convolution"
        ) from None
    except (ArraysError, OSError, KeyError):
        raise RunError(f"{run.filters}: expected the arrays before and after") from None
    if before.ndim != 4 or before.shape != after.shape:
        raise RunError(
            f"{run.filters}: expected two kernels of one shape (height, width, channels, filters), "
            f"found {before.shape} and {after.shape}"
        )
    if not (before.dtype.kind == after.dtype.kind == "f"):
        raise RunError(f"{run.filters}: expected numbers, found {before.dtype} and {after.dtype}")
    return before.astype(np.float32), after.astype(np.float32)


def _read_rows(path: Path, before: str = "it was scored") -> list[list[str]]:
    try:
        text = read_table(path)
    except FileNotFoundError:
        raise RunError(f"{path}: missing", f"the run was stopped before {before}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: cannot be read: {error}") from None
    try:
        rows = [row for row in csv.reader(text) if row]
    except csv.Error as error:
        raise RunError(f"{path}: not a table: {error}", DAMAGED_HINT) from None
    if len(rows) < 2:
        raise RunError(f"{path}: no rows in it", DAMAGED_HINT)
    return rows
