"""Scores of images that may have several labels: each label is a yes or no by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_recall_curve,
    precision_recall_fscore_support,
)

from kcnn.data.labels import THRESHOLD, decide
from kcnn.runs.label_scores import LabelPredictions, LabelScore
from kcnn.text.numbers import six_digits

LEAST_POSITIVE = 5  # validation images with a label; fewer choose a threshold by chance


@dataclass(frozen=True)
class MeasuredLabels:
    """How well a model recognized each label.

    Args:
        accuracy: Fraction of right decisions, one for each label of each image.
        overall: Scores of all labels together, as of `measure_labels`.
        per_class: The score of each label.
        predictions: The predictions for each image.
    """

    accuracy: float
    overall: dict[str, float]
    per_class: tuple[LabelScore, ...]
    predictions: LabelPredictions


def measure_labels(
    probabilities: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
    thresholds: Sequence[float | None] | None = None,
) -> MeasuredLabels:
    """Compare probabilities with labels.

    The scores of all labels together are `mean_average_precision`, the mean over the labels that
    images have (scikit-learn's average precision, which does not interpolate); `exact_match`, the
    fraction of images with all labels right; `macro_f1`, the mean F1 of the labels that images have
    or are predicted; `micro_f1`, the F1 of all decisions; and with thresholds `tuned_macro_f1`, the
    macro F1 that they give.

    Args:
        probabilities: Shape (images, classes).
        labels: uint8, shape (images, classes).
        class_names: The name of each class.
        thresholds: The threshold of each label from the validation images; None where they do not
            show it.
    """
    predicted = decide(probabilities, labels)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, average=None, zero_division=np.nan
    )
    chosen = thresholds or [None] * len(class_names)
    per_class = tuple(
        LabelScore(
            name,
            _known(precision[index]),
            _known(recall[index]),
            _known(f1[index]),
            int(support[index]),
            _average_precision(labels[:, index], probabilities[:, index]),
            chosen[index],
        )
        for index, name in enumerate(class_names)
    )
    predictions = LabelPredictions(
        np.arange(len(labels)), labels, predicted, probabilities.astype(np.float64)
    )
    ranked = [score.average_precision for score in per_class]
    overall = {
        "mean_average_precision": _mean(ranked),
        "exact_match": float(predictions.is_right.mean()),
        "macro_f1": _mean([score.f1 for score in per_class]),
        "micro_f1": float(f1_score(labels, predicted, average="micro", zero_division=np.nan)),
    }
    if any(threshold is not None for threshold in chosen):
        overall["tuned_macro_f1"] = _macro_f1(labels, probabilities > filled(chosen))
    known = {name: value for name, value in overall.items() if not np.isnan(value)}
    return MeasuredLabels(float(np.mean(predicted == labels)), known, per_class, predictions)


def best_thresholds(probabilities: np.ndarray, labels: np.ndarray) -> list[float | None]:
    """Return for each label the threshold with the highest F1.

    It lies in the middle between the lowest probability that is above it and the next lower one.

    Args:
        probabilities: Shape (images, classes), for validation images.
        labels: uint8, shape (images, classes).

    Returns:
        None for labels that fewer than `LEAST_POSITIVE` of the images have.
    """
    thresholds: list[float | None] = []
    for label, probability in zip(labels.T, probabilities.T.astype(np.float64), strict=True):
        if label.sum() < LEAST_POSITIVE:
            thresholds.append(None)
            continue
        precision, recall, lowest = precision_recall_curve(label, probability)
        # The last point, of recall 0, has no threshold. The sum is 0 only where both are.
        sums = np.maximum((precision + recall)[:-1], np.finfo(float).tiny)
        best = int((2 * (precision * recall)[:-1] / sums).argmax())
        below = lowest[best - 1] if best else 0.0
        thresholds.append(float(six_digits((lowest[best] + below) / 2)))
    return thresholds


def filled(thresholds: Sequence[float | None]) -> np.ndarray:
    """Return thresholds with 0.5 where there is none: float64, (classes,)."""
    return np.array([THRESHOLD if threshold is None else threshold for threshold in thresholds])


def _macro_f1(labels: np.ndarray, predicted: np.ndarray) -> float:
    f1 = f1_score(labels, predicted.astype(np.uint8), average=None, zero_division=np.nan)
    return _mean([_known(value) for value in f1])


def _average_precision(label: np.ndarray, probability: np.ndarray) -> float | None:
    return float(average_precision_score(label, probability)) if label.any() else None


def _mean(fractions: Sequence[float | None]) -> float:
    known = [fraction for fraction in fractions if fraction is not None]
    return float(np.mean(known)) if known else float("nan")


def _known(fraction: float) -> float | None:
    return None if np.isnan(fraction) else float(fraction)
