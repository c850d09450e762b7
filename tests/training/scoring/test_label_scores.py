"""Scores of several labels, compared with a calculation by hand and with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from kcnn.training.scoring.label_scores import best_thresholds, measure_labels

NAMES = ("a", "b", "c")
LABELS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0], [0, 0, 0]], np.uint8)
PROBABILITIES = np.array(
    [[0.9, 0.2, 0.1], [0.4, 0.6, 0.2], [0.6, 0.8, 0.3], [0.1, 0.7, 0.4]], np.float32
)


def test_scores_by_hand() -> None:
    measured = measure_labels(PROBABILITIES, LABELS, NAMES)
    first, second, third = measured.per_class
    # a: 0.9 yes, 0.6 no, 0.4 yes: (1/1 + 2/3) / 2. b: 0.8 yes, 0.7 no, 0.6 yes: the same.
    assert first.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert second.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert (third.average_precision, third.recall, third.support) == (None, None, 0)
    assert (first.precision, first.recall) == (0.5, 0.5)
    assert measured.accuracy == pytest.approx(9 / 12)
    assert measured.overall["mean_average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert measured.overall["exact_match"] == 0.25
    assert measured.overall["micro_f1"] == pytest.approx(2 * 3 / (2 * 3 + 2 + 1))
    assert "tuned_macro_f1" not in measured.overall
    assert measured.predictions.predicted.tolist() == [[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 1, 0]]
    assert measured.predictions.is_right.tolist() == [True, False, False, False]


def test_scores_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    labels = (generator.random((300, 5)) < 0.3).astype(np.uint8)
    probabilities = np.clip(0.3 * labels + 0.7 * generator.random((300, 5)), 0, 1)
    thresholds = [0.4, 0.45, None, 0.6, 0.5]
    overall = measure_labels(probabilities, labels, "abcde", thresholds).overall
    assert overall["mean_average_precision"] == pytest.approx(
        average_precision_score(labels, probabilities, average="macro")
    )
    assert overall["macro_f1"] == pytest.approx(
        f1_score(labels, probabilities > 0.5, average="macro")
    )
    assert overall["tuned_macro_f1"] == pytest.approx(
        f1_score(labels, probabilities > np.array([0.4, 0.45, 0.5, 0.6, 0.5]), average="macro")
    )


def test_no_threshold_has_a_higher_f1() -> None:
    generator = np.random.default_rng(1)
    labels = (generator.random((200, 2)) < 0.2).astype(np.uint8)
    labels[:, 1] = 0
    labels[:4, 1] = 1
    probabilities = np.clip(0.2 * labels + 0.6 * generator.random((200, 2)), 0, 1)
    best, too_few = best_thresholds(probabilities, labels)
    assert too_few is None  # four images have the second label
    assert best is not None
    highest = max(
        f1_score(labels[:, 0], probabilities[:, 0] > threshold)
        for threshold in np.linspace(0, 1, 2001)
    )
    assert f1_score(labels[:, 0], probabilities[:, 0] > best) == pytest.approx(highest)


def test_a_perfect_threshold_is_in_the_middle() -> None:
    labels = np.array([[1]] * 5 + [[0]] * 5, np.uint8)
    probabilities = np.array([[0.8]] * 5 + [[0.2]] * 5)
    assert best_thresholds(probabilities, labels) == [0.5]
    assert best_thresholds(probabilities / 4, labels) == [0.125]
