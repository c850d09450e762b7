from __future__ import annotations

import warnings

import numpy as np
import pytest

from kcnn.training.scoring.scores import score

NAMES = ("cat", "dog", "a, b", "never")
# True classes 0 0 0 1 1 2, predicted 0 0 1 1 0 2.
LABELS = np.array([0, 0, 0, 1, 1, 2], np.int32)
PROBABILITIES = np.array(
    [
        [0.7, 0.1, 0.1, 0.1],
        [0.6, 0.2, 0.1, 0.1],
        [0.2, 0.5, 0.2, 0.1],
        [0.1, 0.9, 0.0, 0.0],
        [1 / 3 + 0.1, 0.3, 0.2, 0.1],
        [0.0, 0.0, 1.0, 0.0],
    ],
    np.float32,
)


def test_score_by_hand() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = score(PROBABILITIES, LABELS, NAMES)
    assert scores.accuracy == pytest.approx(4 / 6)
    assert scores.confusion.counts.tolist() == [
        [2, 1, 0, 0],
        [1, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    cat, dog, both, never = scores.per_class
    assert (cat.precision, cat.recall, cat.f1, cat.support) == pytest.approx(
        (2 / 3, 2 / 3, 2 / 3, 3)
    )
    assert (dog.precision, dog.recall, dog.f1, dog.support) == pytest.approx((0.5, 0.5, 0.5, 2))
    assert (both.precision, both.recall, both.f1, both.support) == (1, 1, 1, 1)
    assert (never.precision, never.recall, never.f1, never.support) == (None, None, None, 0)
    assert scores.predictions.predicted.tolist() == [0, 0, 1, 1, 0, 2]
    np.testing.assert_allclose(
        scores.predictions.probability, [0.7, 0.6, 0.5, 0.9, 1 / 3 + 0.1, 1.0]
    )


def test_classes_without_images_are_noted(notes) -> None:
    score(PROBABILITIES, LABELS, NAMES).note_missing_classes(notes)
    assert notes.lines == ["no test image shows never: recall is not known there"]
    score(np.eye(4, dtype=np.float32), np.arange(4), NAMES).note_missing_classes(notes)
    many = score(np.eye(13, dtype=np.float32)[:1], np.zeros(1, int), [f"c{n}" for n in range(13)])
    many.note_missing_classes(notes)
    assert len(notes.lines) == 2
    assert "shows c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 and 2 more: " in notes.lines[-1]
