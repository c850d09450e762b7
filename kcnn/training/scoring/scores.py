"""Scores: how well a model's predictions agree with the labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from kcnn.progress import Progress
from kcnn.runs.scores import ClassScore, Confusion, Predictions

MAX_NAMES = 10  # classes named in one line


@dataclass(frozen=True)
class Scores:
    """How well a model did on labeled images.

    Args:
        accuracy: Fraction of the images that were predicted as their own class.
        per_class: The score of each class.
        confusion: How often each class was predicted as each.
        predictions: The prediction for each image.
    """

    accuracy: float
    per_class: tuple[ClassScore, ...]
    confusion: Confusion
    predictions: Predictions

    def note_missing_classes(self, progress: Progress) -> None:
        """Note the classes that no image shows, whose recall is not known."""
        missing = [score.name for score in self.per_class if not score.support]
        if missing:
            named = ", ".join(missing[:MAX_NAMES])
            more = f" and {len(missing) - MAX_NAMES} more" if len(missing) > MAX_NAMES else ""
            progress.note(f"no test image shows {named}{more}: recall is not known there")


def score(probabilities: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> Scores:
    """Compare probabilities with labels.

    Args:
        probabilities: Shape (images, classes).
        labels: Class indices, shape (images,).
        class_names: The name of each column of the probabilities.
    """
    classes = range(len(class_names))
    predicted = probabilities.argmax(axis=1)
    measures = precision_recall_fscore_support(
        labels, predicted, labels=classes, zero_division=np.nan
    )
    return Scores(
        accuracy=float(np.mean(predicted == labels)),
        per_class=tuple(
            ClassScore(name, _known(precision), _known(recall), _known(f1), int(support))
            for name, precision, recall, f1, support in zip(class_names, *measures, strict=True)
        ),
        confusion=Confusion(
            tuple(class_names), confusion_matrix(labels, predicted, labels=classes)
        ),
        predictions=Predictions(
            index=np.arange(len(labels)),
            label=np.asarray(labels),
            predicted=predicted,
            probability=probabilities.max(axis=1),
        ),
    )


def _known(fraction: float) -> float | None:
    return None if np.isnan(fraction) else float(fraction)
