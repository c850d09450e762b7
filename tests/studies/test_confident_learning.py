"""Which labels confident learning finds wrong."""

from __future__ import annotations

import numpy as np

from kcnn.studies.confident_learning import find_label_errors


def test_a_label_is_wrong_where_another_class_reaches_its_threshold() -> None:
    labels = np.array([0, 0, 0, 1, 1, 1])
    first = np.array([0.9, 0.8, 0.1, 0.2, 0.3, 0.45])
    probabilities = np.stack([first, 1 - first], axis=1)
    # The thresholds are the means of 0.9, 0.8, 0.1 and of 0.8, 0.7, 0.55: 0.6 and 0.683.
    errors = find_label_errors(labels, probabilities)
    assert errors.index.tolist() == [2]
    assert errors.suggested.tolist() == [1]
    assert np.allclose(errors.label_probability, [0.1])
    assert np.allclose(errors.suggested_probability, [0.9])


def test_the_order_is_that_of_the_margin() -> None:
    labels = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])
    first = np.array([0.9, 0.9, 0.9, 0.9, 0.2, 0.05, 0.3, 0.3, 0.3])
    errors = find_label_errors(labels, np.stack([first, 1 - first], axis=1))
    assert errors.index.tolist() == [5, 4]


def test_a_class_without_images_is_never_suggested() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.3, 0.1, 0.6], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.2, 0.7, 0.1]])
    assert len(find_label_errors(labels, probabilities)) == 0


def noisy(
    count: int, classes: int, noise: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make labels of which some are wrong, and the probabilities of a fair model."""
    generator = np.random.default_rng(seed)
    true = generator.integers(0, classes, count)
    labels, wrong = true.copy(), generator.random(count) < noise
    labels[wrong] = (true[wrong] + generator.integers(1, classes, wrong.sum())) % classes
    logits = generator.normal(0, 1, (count, classes))
    logits[np.arange(count), true] += 2.5
    probabilities = np.exp(logits)
    return labels, probabilities / probabilities.sum(axis=1, keepdims=True), wrong


def test_the_result_is_that_of_cleanlab() -> None:
    labels, probabilities, wrong = noisy(300, 2, 0.2, seed=2)
    errors = find_label_errors(labels, probabilities)
    # cleanlab 2.9.0: find_label_issues(filter_by="confident_learning",
    # return_indices_ranked_by="normalized_margin")
    assert len(errors) == 52
    assert errors.index[:12].tolist() == [147, 261, 258, 253, 280, 276, 12, 100, 220, 68, 120, 32]
    assert wrong[errors.index].mean() > 0.95


def test_a_label_that_is_more_probable_is_not_wrong() -> None:
    labels = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.95, 0.05], [0.52, 0.48], [0.6, 0.4], [0.55, 0.45]])
    # The thresholds are 0.735 and 0.425: the second image reaches that of the other class only.
    assert 1 not in find_label_errors(labels, probabilities).index
