"""Labels of one class each, and of several."""

from __future__ import annotations

import numpy as np
import pytest

from kcnn.data.counts import CountError
from kcnn.data.dataset import MemoryImages
from kcnn.data.folds import fold_numbers
from kcnn.data.labels import (
    classes_of,
    counts_of_classes,
    decide,
    label_text,
    strata,
    targets,
)
from kcnn.data.pipeline import evaluation_batches, training_batches
from kcnn.data.splits import split_validation, take_stratified

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


def several_images(count: int = 60) -> MemoryImages:
    generator = np.random.default_rng(0)
    labels = (generator.random((count, 3)) < (0.7, 0.4, 0.3)).astype(np.uint8)
    return MemoryImages(np.zeros((count, 1, 1, 1), np.uint8), labels)


def indices_of(images: MemoryImages, fraction: float) -> np.ndarray:
    return take_stratified(strata(images.labels), fraction, 0, "data.validation")


def test_splits_divide_the_rarest_labels_evenly() -> None:
    images = several_images()
    train, validation = split_validation(images, 0.5, seed=0)
    assert validation is not None
    all_of_them = strata(images.labels)
    of_validation = all_of_them[indices_of(images, 0.5)]
    for stratum, size in zip(*np.unique(all_of_them, return_counts=True), strict=True):
        assert abs((of_validation == stratum).sum() - size / 2) <= 1
    numbers = fold_numbers(images, 3, 0, NAMES)
    for stratum in np.unique(all_of_them):
        sizes = np.bincount(numbers[all_of_them == stratum], minlength=3)
        assert sizes.max() - sizes.min() <= 1
    assert len(train) + len(validation) == len(images)
    counts = [counts_of_classes(part.labels, 3) for part in (train, validation)]
    assert np.abs(counts[0] - counts[1]).max() <= 8


def test_groups_with_a_rare_label_are_divided_without_a_warning() -> None:
    labels = np.repeat([0, 1, 2], (36, 21, 3))
    groups = [str(index // 3) for index in range(0, 180, 3)]
    taken = take_stratified(labels, 0.2, 0, "data.validation", groups)
    assert 8 <= taken.sum() <= 16


def test_folds_need_an_image_of_each_rarest_label() -> None:
    images = MemoryImages(np.zeros((6, 1, 1, 1), np.uint8), SEVERAL)
    with pytest.raises(CountError, match="no label is the rarest label of 1 training image"):
        fold_numbers(images, 2, 0, NAMES)


def test_batches_have_a_target_for_each_class() -> None:
    images = several_images()
    batches = training_batches(images, batch_size=20, epochs=1, seed=0, shuffle=False)
    targets_of = np.concatenate([batch[1].numpy() for batch in batches])
    assert targets_of.dtype == np.float32
    assert np.array_equal(targets_of, images.labels)
    scored = np.concatenate([batch[1].numpy() for batch in evaluation_batches(images, 7)])
    assert np.array_equal(scored, images.labels)
