"""per_class.csv, confusion.csv and predictions.csv: how a run's model did on the test images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kcnn.errors import RunError
from kcnn.files.atomic import write_csv
from kcnn.files.read import DAMAGED_HINT, Table, read_csv
from kcnn.runs.folder import RunFolder
from kcnn.text.numbers import six_digits

CLASS_COLUMNS = ("class", "precision", "recall", "f1", "support")
_WHOLE_COLUMNS = ("index", "label", "predicted")
PREDICTION_COLUMNS = (*_WHOLE_COLUMNS, "probability")
FILE_COLUMN = "file"
SEPARATOR = ";"  # of several labels


@dataclass(frozen=True)
class ClassScore:
    """How well a class was recognized.

    Args:
        name: The class.
        precision: Fraction of the images predicted as this class that show it; None if there are
            no such images.
        recall: Fraction of its own images that were predicted as it; None without such images.
        f1: Harmonic mean of both; None if neither is known.
        support: Number of its images.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float | None
    support: int


@dataclass(frozen=True)
class Confusion:
    """How often each class was predicted as each.

    Args:
        class_names: The name of each class.
        counts: int64, shape (classes, classes): a row for each true class, a column for each
            predicted one.
    """

    class_names: tuple[str, ...]
    counts: np.ndarray


@dataclass(frozen=True)
class Predictions:
    """The model's prediction for each test image.

    Args:
        index: int64, shape (images,): the image's position in the test set.
        label: int64, shape (images,): its true class.
        predicted: int64, shape (images,): the class with the highest probability.
        probability: float64, shape (images,): that probability, between 0 and 1.
        files: The image's file, relative to the dataset's folder with forward slashes; None if the
            images have no files, and for runs of former versions.
    """

    index: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    files: Sequence[str] | None = None

    @property
    def is_right(self) -> np.ndarray:
        """Whether each image was predicted as its own class: bool, (images,)."""
        return np.asarray(self.label == self.predicted)

    @property
    def confidence(self) -> np.ndarray:
        """How sure the model is of its prediction: the probability."""
        return self.probability

    @property
    def second_class_probability(self) -> np.ndarray:
        """The probability of the second of two classes: float64, shape (images,)."""
        return np.where(self.predicted == 1, self.probability, 1 - self.probability)


def probability_text(probability: float) -> str:
    """Return a probability as predictions.csv has it: six digits; near 1, six of what lacks.

    So the probability of the other of two classes keeps its digits, and images their order by it.
    """
    lacking = 1 - probability
    if not 0 < lacking < 1e-3:
        return six_digits(probability)
    decimals = 5 - math.floor(math.log10(lacking))
    return f"{probability:.{decimals}f}".rstrip("0").rstrip(".")


def write_per_class(run: RunFolder, per_class: Sequence[ClassScore]) -> None:
    """Write per_class.csv; what is not known is left blank.

    Raises:
        RunError: The file cannot be written.
    """
    rows = [
        (score.name, *map(written, (score.precision, score.recall, score.f1)), score.support)
        for score in per_class
    ]
    write_csv(run.per_class, CLASS_COLUMNS, rows)


def write_confusion(run: RunFolder, confusion: Confusion) -> None:
    """Write confusion.csv.

    Raises:
        RunError: The file cannot be written.
    """
    names, counts = confusion.class_names, confusion.counts.tolist()
    rows = [(name, *row) for name, row in zip(names, counts, strict=True)]
    write_csv(run.confusion, ("true", *names), rows)


def read_confusion(run: RunFolder) -> Confusion:
    """Read confusion.csv.

    Raises:
        RunError: It is missing, or not a square table of counts with the same classes both ways.
    """
    table = read_table(run.confusion)
    names = tuple(table.header[1:])
    try:
        counts = np.array([[int(cell) for cell in row[1:]] for row in table.rows], dtype=np.int64)
        square = counts.shape == (len(names), len(names))
    except (ValueError, OverflowError):
        square = False
    if not square or names != tuple(row[0] for row in table.rows):
        raise RunError(
            f"{run.confusion}: expected a square table of counts, the same classes both ways",
            DAMAGED_HINT,
        )
    return Confusion(names, counts)


def write_predictions(run: RunFolder, predictions: Predictions) -> None:
    """Write predictions.csv; it has the column `file` if the images have files.

    Raises:
        RunError: The file cannot be written.
    """
    columns = [getattr(predictions, name).tolist() for name in _WHOLE_COLUMNS]
    columns.append([probability_text(probability) for probability in predictions.probability])
    write_prediction_columns(run, columns, predictions.files)


def write_prediction_columns(
    run: RunFolder, columns: Sequence[Sequence[object]], files: Sequence[str] | None
) -> None:
    """Write the columns of predictions.csv, and `file` if the images have files.

    Raises:
        RunError: The file cannot be written.
    """
    names = [*PREDICTION_COLUMNS]
    if files is not None:
        names.append(FILE_COLUMN)
        columns = [*columns, files]
    write_csv(run.predictions, names, zip(*columns, strict=True))


def read_predictions(run: RunFolder) -> Predictions:
    """Read predictions.csv.

    Raises:
        RunError: It is missing, or a column is missing or holds something else than numbers.
    """
    table = read_table(run.predictions)
    if any(len(row) > 3 and SEPARATOR in row[3] for row in table.rows):
        raise RunError(f"{run.predictions}: images with several labels, expected one class each")
    try:
        columns = dict(zip(table.header, zip(*table.rows, strict=True), strict=True))
        whole = {
            name: np.array([int(cell) for cell in columns[name]], dtype=np.int64)
            for name in _WHOLE_COLUMNS
        }
        probability = np.array([float(cell) for cell in columns["probability"]])
    except (ValueError, KeyError, OverflowError):
        raise RunError(
            f"{run.predictions}: expected numbers under {', '.join(PREDICTION_COLUMNS)}",
            DAMAGED_HINT,
        ) from None
    return Predictions(**whole, probability=probability, files=columns.get(FILE_COLUMN))


def written(fraction: float | None) -> str:
    """Return a fraction as per_class.csv has it; nothing if it is not known."""
    return "" if fraction is None else six_digits(fraction)


def read_table(path: Path) -> Table:
    """Read one of these files.

    Raises:
        RunError: It is missing, damaged, or has no rows.
    """
    table = read_csv(path, "the run was stopped before it was scored")
    if not table.rows:
        raise RunError(f"{path}: no rows in it", DAMAGED_HINT)
    return table
