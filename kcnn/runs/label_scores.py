"""per_class.csv and predictions.csv of runs whose images may have several labels, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcnn.errors import RunError
from kcnn.files.atomic import write_csv
from kcnn.files.read import DAMAGED_HINT
from kcnn.runs.folder import RunFolder
from kcnn.runs.scores import (
    CLASS_COLUMNS,
    FILE_COLUMN,
    PREDICTION_COLUMNS,
    SEPARATOR,
    ClassScore,
    Predictions,
    probability_text,
    read_predictions,
    read_table,
    write_prediction_columns,
    written,
)
from kcnn.runs.summary import has_several_labels

NO_LABEL_TEXT = "no label"
_LABEL_COLUMNS = ("average_precision", "threshold")


@dataclass(frozen=True)
class LabelScore(ClassScore):
    """How well a label was recognized; precision, recall and F1 with a threshold of 0.5.

    Args:
        average_precision: The area below precision against recall, for all thresholds; None if no
            image has the label.
        threshold: The threshold with the highest F1 on the validation images; None if they do not
            show it.
    """

    average_precision: float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class LabelPredictions:
    """The model's predictions for each test image, where images may have several labels.

    Args:
        index: int64, shape (images,): the image's position in the test set.
        label: uint8, shape (images, classes): 1 for its true labels.
        predicted: uint8, shape (images, classes): 1 for labels whose probability is above 0.5.
        probability: float64, shape (images, classes).
        files: The image's file, relative to the dataset's folder with forward slashes; None if the
            images have no files.
    """

    index: np.ndarray
    label: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    files: Sequence[str] | None = None

    @property
    def is_right(self) -> np.ndarray:
        """Whether all labels of each image were predicted, and no other: bool, (images,)."""
        return np.asarray((self.label == self.predicted).all(axis=1))

    @property
    def most_wrong(self) -> np.ndarray:
        """The class of each image whose probability is farthest from its label: int, (images,)."""
        return np.asarray(np.abs(self.probability - self.label).argmax(axis=1))

    @property
    def confidence(self) -> np.ndarray:
        """How sure the model is of an image's most wrong decision: float64, (images,), 0.5 to 1."""
        chance = np.take_along_axis(self.probability, self.most_wrong[:, np.newaxis], axis=1)[:, 0]
        return np.maximum(chance, 1 - chance)

    def as_sets(self, class_names: Sequence[str]) -> tuple[Predictions, list[str]]:
        """Return the predictions as if each set of labels were one class.

        Args:
            class_names: The name of each class.

        Returns:
            The predictions, with `confidence` as their probability; and the name of each set, such
            as `cat, dog`.
        """
        both = np.concatenate([self.label, self.predicted])
        sets, numbers = np.unique(both, axis=0, return_inverse=True)
        label, predicted = np.split(numbers.reshape(-1).astype(np.int64), 2)
        names = [
            ", ".join(class_names[index] for index in np.flatnonzero(row).tolist()) or NO_LABEL_TEXT
            for row in sets
        ]
        return Predictions(self.index, label, predicted, self.confidence, self.files), names


def write_label_scores(run: RunFolder, scores: Sequence[LabelScore]) -> None:
    """Write per_class.csv; what is not known is left blank.

    Raises:
        RunError: The file cannot be written.
    """
    rows = [
        (
            score.name, *map(written, (score.precision, score.recall, score.f1)), score.support,
            *map(written, (score.average_precision, score.threshold)),
        )
        for score in scores
    ]  # fmt: skip
    write_csv(run.per_class, (*CLASS_COLUMNS, *_LABEL_COLUMNS), rows)


def read_per_class(run: RunFolder) -> list[ClassScore]:
    """Read per_class.csv of any run; it returns a LabelScore where images may have several labels.

    Raises:
        RunError: It is missing, or a cell has something else than a fraction or a count.
    """
    table = read_table(run.per_class)
    scores = []
    try:
        for row in table.rows:
            cells = dict(zip(table.header, row, strict=True))
            name, *measured, support = (cells[column] for column in CLASS_COLUMNS)
            precision, recall, f1 = map(_fraction, measured)
            score = ClassScore(name, precision, recall, f1, _count(support))
            if "threshold" in cells:
                further = (_fraction(cells[column]) for column in _LABEL_COLUMNS)
                score = LabelScore(*vars(score).values(), *further)
            scores.append(score)
    except (ValueError, KeyError):
        raise RunError(
            f"{run.per_class}: expected a name, three fractions and a count in each row",
            DAMAGED_HINT,
        ) from None
    return scores


def _fraction(cell: str) -> float | None:
    if not cell:
        return None
    value = float(cell)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def _count(cell: str) -> int:
    value = int(cell)
    if value < 0:
        raise ValueError
    return value


def read_thresholds(run: RunFolder, class_names: Sequence[str]) -> list[float | None]:
    """Read the threshold of each label from per_class.csv; None where it has none.

    Args:
        run: A run whose images may have several labels.
        class_names: Its classes.

    Raises:
        RunError: The file is missing or damaged.
    """
    table = read_table(run.per_class)
    try:
        columns = dict(zip(table.header, zip(*table.rows, strict=True), strict=True))
        names, cells = columns["class"], columns["threshold"]
        thresholds = [float(cell) if cell else None for cell in cells]
        is_right = all(threshold is None or 0 <= threshold <= 1 for threshold in thresholds)
    except (ValueError, KeyError):
        is_right = False
    if not is_right or list(names) != list(class_names):
        raise RunError(
            f"{run.per_class}: expected a row for each class, with a threshold from 0 to 1 or none",
            DAMAGED_HINT,
        )
    return thresholds


def write_label_predictions(run: RunFolder, predictions: LabelPredictions) -> None:
    """Write predictions.csv: in each cell, the numbers of several labels, or all probabilities.

    A reader that expects one label of each image finds no numbers in it, and says so.

    Raises:
        RunError: The file cannot be written.
    """
    columns: list[Sequence[object]] = [
        predictions.index.tolist(),
        [_numbers(row) for row in predictions.label],
        [_numbers(row) for row in predictions.predicted],
        [SEPARATOR.join(map(probability_text, row)) for row in predictions.probability.tolist()],
    ]
    write_prediction_columns(run, columns, predictions.files)


def read_label_predictions(run: RunFolder) -> LabelPredictions:
    """Read predictions.csv of a run whose images may have several labels.

    Raises:
        RunError: It is missing, or a cell has something else than numbers.
    """
    table = read_table(run.predictions)
    try:
        columns = dict(zip(table.header, zip(*table.rows, strict=True), strict=True))
        index = np.array([int(cell) for cell in columns["index"]], dtype=np.int64)
        probability = np.array(
            [[float(part) for part in cell.split(SEPARATOR)] for cell in columns["probability"]]
        )
        label, predicted = (
            _multi_hot(columns[name], probability.shape) for name in ("label", "predicted")
        )
    except (ValueError, KeyError, IndexError, OverflowError):
        raise RunError(
            f"{run.predictions}: expected numbers separated by {SEPARATOR} under "
            f"{', '.join(PREDICTION_COLUMNS[1:])}",
            DAMAGED_HINT,
        ) from None
    return LabelPredictions(index, label, predicted, probability, columns.get(FILE_COLUMN))


def read_predictions_of(run: RunFolder) -> Predictions | LabelPredictions:
    """Read predictions.csv of any run.

    Raises:
        RunError: It is missing or damaged.
    """
    return read_label_predictions(run) if has_several_labels(run) else read_predictions(run)


def _numbers(row: np.ndarray) -> str:
    return SEPARATOR.join(map(str, np.flatnonzero(row).tolist()))


def _multi_hot(cells: Sequence[str], shape: tuple[int, ...]) -> np.ndarray:
    rows = np.zeros(shape, np.uint8)
    for row, cell in zip(rows, cells, strict=True):
        numbers = [int(number) for number in cell.split(SEPARATOR) if cell]
        if any(number < 0 for number in numbers):
            raise ValueError
        row[numbers] = 1
    return rows
