from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kcnn.data.dataset import Images
from kcnn.data.splits import split_validation, take_stratified
from kcnn.errors import DataError


def images(*sizes: int) -> Images:
    labels = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    np.random.default_rng(1).shuffle(labels)
    numbers = np.arange(len(labels), dtype=np.uint8)
    return Images(numbers.reshape(-1, 1, 1, 1), labels)


def test_every_class_gives_its_share() -> None:
    train, validation = split_validation(images(50, 30, 20), 10, seed=0)
    assert list(np.bincount(validation.labels)) == [5, 3, 2]
    assert list(np.bincount(train.labels)) == [45, 27, 18]


def test_images_keep_their_labels_and_order() -> None:
    whole = images(50, 30, 20)
    train, validation = split_validation(whole, 0.2, seed=3)
    for part in (train, validation):
        numbers = part.images.ravel()
        assert (np.diff(numbers.astype(int)) > 0).all()
        assert (whole.labels[numbers] == part.labels).all()
    assert set(train.images.ravel()) | set(validation.images.ravel()) == set(range(100))


def test_seed_decides() -> None:
    labels = images(50, 50).labels
    first, again, other = (take_stratified(labels, 0.5, seed, "x") for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_none_asked_for() -> None:
    whole = images(5, 5)
    assert split_validation(whole, 0, seed=0) == (whole, None)


@given(
    st.lists(st.integers(1, 40), min_size=2, max_size=8),
    st.data(),
)
def test_counts_are_exact_and_no_class_is_used_up(sizes: list[int], data: st.DataObject) -> None:
    labels = images(*sizes).labels
    count = data.draw(st.integers(1, len(labels)))
    if count > len(labels) - len(sizes):
        with pytest.raises(DataError):
            take_stratified(labels, count, 0, "data.validation")
        return
    taken = take_stratified(labels, count, 0, "data.validation")
    assert taken.sum() == count
    given_away = np.bincount(labels[taken], minlength=len(sizes))
    assert (given_away < sizes).all()
    if min(sizes) > len(sizes):
        assert (np.abs(given_away - np.array(sizes) * count / len(labels)) < 1).all()


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (50, "data.validation: 50 of 10 images leaves some class without training images"),
        (1.0, "expected a number of images or a share below 1"),
        (0.01, "0.01 of 10 images is less than one image"),
        (9, "9 of 10 images leaves some class without training images"),
    ],
)
def test_impossible_requests(amount, message) -> None:
    with pytest.raises(DataError, match=message):
        split_validation(images(9, 1), amount, seed=0)
