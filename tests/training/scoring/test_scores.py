from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn import metrics

from kcnn.runs.folder import RunFolder
from kcnn.runs.scores import read_predictions, write_predictions
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


def test_overall_scores_by_hand() -> None:
    # Recalls 2/3, 1/2 and 1; F1 2/3, 1/2 and 1; no image shows the last class or is taken for it.
    expected = {"balanced_accuracy": (2 / 3 + 1 / 2 + 1) / 3, "macro_f1": (2 / 3 + 1 / 2 + 1) / 3}
    assert score(PROBABILITIES, LABELS, NAMES).overall == pytest.approx(expected)


@pytest.mark.parametrize(("classes", "k"), [(5, None), (6, 3), (9, 3), (10, 5), (30, 5)])
def test_overall_scores_are_those_of_scikit_learn(classes: int, k: int | None) -> None:
    generator = np.random.default_rng(classes)
    labels = generator.choice(classes, 400, p=generator.dirichlet(np.ones(classes)))
    labels[:classes] = np.arange(classes)
    probabilities = generator.dirichlet(np.ones(classes), 400).astype(np.float32)
    predicted = probabilities.argmax(axis=1)
    expected = {
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
        "macro_f1": metrics.f1_score(labels, predicted, average="macro"),
    }
    if k is not None:
        ranks = (probabilities > probabilities[np.arange(400), labels][:, None]).sum(axis=1)
        expected[f"top_{k}_accuracy"] = (ranks < k).mean()
    names = [str(number) for number in range(classes)]
    scores = score(probabilities, labels, names)
    assert scores.overall == pytest.approx(expected)
    measures = metrics.precision_recall_fscore_support(labels, predicted, zero_division=np.nan)
    for column, values in zip(("precision", "recall", "f1", "support"), measures, strict=True):
        found = [getattr(row, column) for row in scores.per_class]
        np.testing.assert_array_equal(np.array(found, float), values)
    counts = metrics.confusion_matrix(labels, predicted)
    np.testing.assert_array_equal(scores.confusion.counts, counts)


def test_equal_probabilities_rank_as_in_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    probabilities = generator.integers(0, 3, (200, 10)).astype(np.float32)
    labels = generator.integers(0, 10, 200)
    names = [str(number) for number in range(10)]
    expected = metrics.top_k_accuracy_score(labels, probabilities, k=5, labels=np.arange(10))
    assert score(probabilities, labels, names).overall["top_5_accuracy"] == expected


def two_classes(spread: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 300)
    logits = np.stack([np.zeros(300), generator.normal(2 * labels - 1, 2)], axis=1) * spread
    values = np.exp(logits - logits.max(axis=1, keepdims=True)).astype(np.float32)
    return values / values.sum(axis=1, keepdims=True), labels


# At a spread of 9, float32 has the number 1 for many probabilities of the higher class.
@pytest.mark.parametrize("spread", [1.0, 9.0])
def test_curves_of_two_classes_agree_with_predictions_csv(spread: float, tmp_path) -> None:
    probabilities, labels = two_classes(spread)
    scores = score(probabilities, labels, ("cat", "dog"))
    exact = metrics.roc_auc_score(labels, two_classes(1.0)[0][:, 1])
    assert scores.overall["roc_auc"] == pytest.approx(exact, abs=1e-4)
    run = RunFolder(tmp_path)
    write_predictions(run, scores.predictions)
    positive = read_predictions(run).second_class_probability
    assert metrics.roc_auc_score(labels, positive) == scores.overall["roc_auc"]
    average = metrics.average_precision_score(labels, positive)
    assert average == scores.overall["average_precision"]
    np.testing.assert_allclose(positive, probabilities[:, 1], rtol=1e-5, atol=5.1e-7)
    small = probabilities[:, 1] < 1e-3
    np.testing.assert_allclose(positive[small], probabilities[small, 1], rtol=1e-3, atol=1e-15)


def test_no_curves_where_a_class_is_missing_or_outputs_are_no_complements() -> None:
    probabilities, labels = two_classes(1.0)
    assert "roc_auc" not in score(probabilities, np.zeros(300, int), ("cat", "dog")).overall
    assert "roc_auc" not in score(probabilities * 0.5, labels, ("cat", "dog")).overall
