"""Labels of one class each, and of several."""

from __future__ import annotations

import numpy as np

from kcnn.data.dataset import MemoryImages
from kcnn.data.labels import (
    classes_of,
    counts_of_classes,
    decide,
    label_text,
    strata,
    targets,
)

SEVERAL = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0]], np.uint8)
NAMES = ("cat", "dog", "owl")


def test_the_rarest_label_decides() -> None:
    # cat 4, dog 2, owl 2: of equally rare ones, the first.
    assert strata(SEVERAL).tolist() == [1, 0, -1, 2, 1, 0]
    one = np.array([2, 0, 1], np.int32)
    assert strata(one) is one


def test_counts_and_names() -> None:
    assert counts_of_classes(SEVERAL, 3).tolist() == [4, 2, 2]
    assert counts_of_classes(np.array([0, 0, 2]), 4).tolist() == [2, 0, 1, 0]
    assert [label_text(row, NAMES) for row in SEVERAL[:3]] == ["cat, dog", "cat", "no label"]
    assert label_text(np.int32(2), NAMES) == "owl"
    assert classes_of(SEVERAL[4]) == [1, 2]


def test_decisions_have_the_form_of_the_labels() -> None:
    outputs = np.array([[0.6, 0.5, 0.7], [0.2, 0.1, 0.3]], np.float32)
    assert decide(outputs, SEVERAL[:2]).tolist() == [[1, 0, 1], [0, 0, 0]]
    assert decide(outputs - 0.65, SEVERAL[:2], 0).tolist() == [[0, 0, 1], [0, 0, 0]]
    assert decide(outputs, np.array([0, 1])).tolist() == [2, 2]


def test_targets() -> None:
    assert targets(SEVERAL, 3, one_hot=True).dtype == np.float32
    assert targets(np.array([1]), 3, one_hot=True).tolist() == [[0, 1, 0]]
    assert targets(np.array([1]), 3, one_hot=False).tolist() == [1]


def test_turns_are_by_the_rarest_label() -> None:
    images = MemoryImages(np.zeros((6, 1, 1, 1), np.uint8), SEVERAL)
    assert images.has_several_labels
    assert images.by_turns(4).tolist() == [0, 1, 2, 3]
    assert images.select(np.array([4, 0])).labels.tolist() == SEVERAL[[4, 0]].tolist()
