"""Folds of the training images for cross-validation."""

from __future__ import annotations

import numpy as np
import pytest

from kcnn.data.counts import CountError
from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.data.folds import fold_numbers, take_fold
from kcnn.recipe.data_settings import Fold

NAMES = ("cat", "dog", "cow")
LABELS = np.random.default_rng(0).permutation(np.repeat(np.arange(3), (7, 31, 12))).astype(np.int32)


def images(labels: np.ndarray, groups: list[str] | None = None) -> MemoryImages:
    made = MemoryImages(np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1, 1), labels)
    if groups is not None:
        object.__setattr__(made, "groups", groups)
    return made


@pytest.mark.parametrize("folds", [2, 3, 5, 7])
def test_folds_and_their_classes_differ_by_one_image_at_most(folds: int) -> None:
    numbers = fold_numbers(images(LABELS), folds, 1, NAMES)
    counts = [np.bincount(LABELS[numbers == number], minlength=3) for number in range(folds)]
    assert np.ptp(counts, axis=0).max() <= 1
    assert np.ptp(np.sum(counts, axis=1)) <= 1
    assert np.sum(counts) == len(LABELS)


def test_the_seed_decides_the_folds() -> None:
    first, same, other = (fold_numbers(images(LABELS), 5, seed, NAMES) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    whole = Dataset("animals", images(LABELS), images(LABELS[:9]), NAMES, "made for a test")
    fold = take_fold(whole, Fold(number=2, of=5, seed=2))
    np.testing.assert_array_equal(fold.test.read_all()[:, 0, 0, 0], np.flatnonzero(other == 1))


@pytest.mark.parametrize("count", [5, 17])
def test_the_seed_decides_the_folds_of_groups(count: int) -> None:
    made = images(LABELS, [f"animal {index % count}" for index in range(50)])
    first, same, other = (fold_numbers(made, 5, seed, NAMES) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)


def test_each_training_image_is_tested_once_and_the_test_set_never() -> None:
    whole = Dataset("animals", images(LABELS), images(LABELS[:9]), NAMES, "made for a test")
    tested = []
    for number in (1, 2, 3, 4, 5):
        dataset = take_fold(whole, Fold(number=number, of=5, seed=1))
        test, train = (
            part.read_all()[:, 0, 0, 0].tolist() for part in (dataset.test, dataset.train)
        )
        assert sorted(test + train) == list(range(50))
        np.testing.assert_array_equal(dataset.test.labels, LABELS[test])
        tested += test
    assert sorted(tested) == list(range(50))


def test_a_class_with_fewer_images_than_folds_is_refused() -> None:
    with pytest.raises(CountError) as caught:
        fold_numbers(images(LABELS), 8, 0, NAMES)
    assert caught.value.message == (
        "data.fold: class cat has 7 training images, fewer than 8 folds"
    )
    assert caught.value.hint == "make at most 7 folds, or add images of that class"
    with pytest.raises(CountError, match="class dog has 1 training image, fewer") as caught:
        fold_numbers(images(np.array([0, 0, 1], np.int32)), 2, 0, NAMES)
    assert caught.value.hint == "add images of that class"


def test_images_of_a_group_are_in_one_fold() -> None:
    groups = [f"animal {index % 17}" for index in range(50)]
    numbers = fold_numbers(images(LABELS, groups), 5, 3, NAMES)
    assert set(numbers) == set(range(5))
    for group in set(groups):
        members = [number for number, name in zip(numbers, groups, strict=True) if name == group]
        assert len(set(members)) == 1


def test_as_many_groups_as_folds_leave_one_group_out() -> None:
    labels = np.tile(np.array([0, 1], np.int32), 20)
    groups = ["large"] * 30 + ["small"] * 4 + ["medium"] * 6
    numbers = fold_numbers(images(labels, groups), 3, 0, NAMES)
    assert sorted(np.bincount(numbers).tolist()) == [4, 6, 30]


@pytest.mark.parametrize(
    ("groups", "folds", "reason", "hint"),
    [
        (["a"] * 20 + ["b"] * 20, 3, "the training images have 2 groups, fewer than 3 folds",
         "make at most 2 folds, or divide the images into more groups"),
        (["big"] * 18 + [f"small {index}" for index in range(22)], 3,
         "group big has 18 of 40 training images, more than the 14 of one of 3 folds",
         "make at most 2 folds, or divide that group"),
        (["big"] * 30 + [f"small {index}" for index in range(10)], 3,
         "group big has 30 of 40 training images, more than the 14 of one of 3 folds",
         "divide that group"),
    ],
)  # fmt: skip
def test_refuses_groups_that_make_no_folds(
    groups: list[str], folds: int, reason: str, hint: str
) -> None:
    labels = np.tile(np.array([0, 1], np.int32), 20)
    with pytest.raises(CountError) as caught:
        fold_numbers(images(labels, groups), folds, 0, NAMES)
    assert (caught.value.reason, caught.value.hint) == (reason, hint)


def test_a_group_may_fill_a_fold() -> None:
    groups = ["large"] * 10 + [f"small {index}" for index in range(30)]
    numbers = fold_numbers(images(np.tile(np.array([0, 1], np.int32), 20), groups), 4, 0, NAMES)
    assert set(numbers) == set(range(4))
    assert len(set(numbers[:10])) == 1


def test_refuses_a_fold_that_takes_all_images_of_a_class() -> None:
    labels = np.array([0] * 16 + [1] * 4, np.int32)
    groups = [f"animal {index // 4}" for index in range(20)]
    with pytest.raises(CountError, match=r"without fold \d of 2, no image of class dog is left"):
        fold_numbers(images(labels, groups), 2, 0, NAMES)
