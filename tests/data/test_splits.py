from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kcnn.data.counts import CountError
from kcnn.data.dataset import Dataset, Images, MemoryImages
from kcnn.data.splits import set_validation_apart, split_validation, take_stratified
from kcnn.errors import DataError


def images(*sizes: int) -> Images:
    labels = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
    np.random.default_rng(1).shuffle(labels)
    numbers = np.arange(len(labels), dtype=np.uint8)
    return MemoryImages(numbers.reshape(-1, 1, 1, 1), labels)


def test_validation_has_the_same_fraction_of_every_class() -> None:
    train, validation = split_validation(images(50, 30, 20), 10, seed=0)
    assert list(np.bincount(validation.labels)) == [5, 3, 2]
    assert list(np.bincount(train.labels)) == [45, 27, 18]


def test_images_keep_their_labels_and_order() -> None:
    whole = images(50, 30, 20)
    train, validation = split_validation(whole, 0.2, seed=3)
    for part in (train, validation):
        numbers = part.read_all().ravel()
        assert (np.diff(numbers.astype(int)) > 0).all()
        assert (whole.labels[numbers] == part.labels).all()
    assert set(train.read_all().ravel()) | set(validation.read_all().ravel()) == set(range(100))


def test_depends_on_the_seed() -> None:
    labels = images(50, 50).labels
    first, again, other = (take_stratified(labels, 0.5, seed, "x") for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


def test_the_validation_images_of_a_dataset_are_its_own_unless_some_are_asked_for() -> None:
    own, train, test = images(2, 2), images(10, 10), images(3, 3)
    dataset = Dataset("photos", train, test, ("a", "b"), "photos", own)
    assert set_validation_apart(dataset, 0, seed=0) == (dataset, own)
    left, taken = set_validation_apart(dataset, 4, seed=3)
    assert (len(left.train), left.test) == (16, test)
    expected = split_validation(train, 4, seed=3)[1]
    assert (taken.read_all() == expected.read_all()).all()
    assert (taken.read_all() != split_validation(train, 4, seed=0)[1].read_all()).any()


def test_validation_images_are_whole_groups() -> None:
    train = images(20, 20)
    object.__setattr__(train, "groups", [f"animal {number // 4}" for number in range(40)])
    left, taken = split_validation(train, 0.2, seed=0)
    assert len(set(taken.groups)) == 2
    assert not set(taken.groups) & set(left.groups)


def test_zero_validation_images() -> None:
    whole = images(5, 5)
    assert split_validation(whole, 0, seed=0) == (whole, None)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=8), st.data())
def test_refuses_too_many_and_takes_any_other_number_exactly(
    sizes: list[int], data: st.DataObject
) -> None:
    labels = images(*sizes).labels
    count = data.draw(st.integers(1, len(labels)))
    if count > len(labels) - len(sizes):
        with pytest.raises(DataError):
            take_stratified(labels, count, 0, "data.validation")
        return
    assert take_stratified(labels, count, 0, "data.validation").sum() == count


@st.composite
def sizes_and_counts(draw: st.DrawFn) -> tuple[list[int], int]:
    """Draw sizes of classes and a number of images to take, often nearly all of them."""
    sizes = draw(st.lists(st.integers(1, 40), min_size=2, max_size=8).filter(lambda s: max(s) > 1))
    highest = sum(sizes) - len(sizes)
    return sizes, draw(
        st.one_of(st.integers(1, highest), st.integers(max(1, highest - 5), highest))
    )


@given(sizes_and_counts())
@example(([5, 5, 22, 22], 49))  # quotas 4.5, 4.5, 20.0 and 20.0 become 4, 4, 21 and 20
@example(([2, 2, 2, 9], 8))  # quotas 1.1, 1.1, 1.1 and 4.8
@example(([1, 1, 4, 8], 7))  # a class with a whole quota must be rounded up, too
def test_takes_a_proportional_number_of_each_class(case: tuple[list[int], int]) -> None:
    sizes, count = np.array(case[0]), case[1]
    labels = images(*case[0]).labels
    taken = take_stratified(labels, count, 0, "data.validation")
    counts = np.bincount(labels[taken], minlength=len(sizes))
    down, remainders = np.divmod(sizes * count, sizes.sum())
    up = np.minimum(down + (remainders > 0), sizes - 1)
    assert (counts < sizes).all(), "each class keeps an image"
    assert (counts >= down).all()
    if up.sum() >= count:
        assert (counts <= up).all(), "rounded up or down if possible"
    else:
        assert (counts >= up).all(), "all are rounded up before any class has more"
    more = counts - down
    with_two_left = counts < sizes - 1
    for label in np.flatnonzero(with_two_left):
        assert more[label] >= more.max() - 1, "no class is skipped twice"
        for other in np.flatnonzero(remainders < remainders[label]):
            assert more[label] >= more[other], "the largest remainders come first"


def test_small_classes_that_cannot_round_up() -> None:
    labels = images(5, 5, 22, 22).labels
    taken = take_stratified(labels, 49, 0, "data.validation")
    assert list(np.bincount(labels[taken])) == [4, 4, 21, 20]


def test_validation_images_never_change() -> None:
    """Compare with a fixed choice, because published results depend on it."""
    labels = np.arange(1437) % 10
    assert list(np.flatnonzero(take_stratified(labels, 0.1, 0, "x"))[:8]) == [
        1, 20, 21, 28, 41, 50, 63, 64,
    ]  # fmt: skip
    assert list(np.bincount(labels[take_stratified(labels, 0.1, 0, "x")])) == [15] * 4 + [14] * 6


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        (50, "data.validation: 50 of 10 images leaves some class without training images"),
        (1.0, "expected a number of images or a fraction below 1"),
        (0.01, "0.01 of 10 images is less than one image"),
        (9, "9 of 10 images leaves some class without training images"),
    ],
)
def test_refuses_impossible_amounts(amount, message) -> None:
    with pytest.raises(DataError, match=message):
        split_validation(images(9, 1), amount, seed=0)


@settings(deadline=None)  # scikit-learn is imported by the first
@given(
    st.lists(st.integers(2, 12), min_size=6, max_size=20), st.floats(0.1, 0.5), st.integers(0, 9)
)
def test_no_group_is_on_both_sides(sizes: list[int], fraction: float, seed: int) -> None:
    groups = [f"animal {number}" for number, size in enumerate(sizes) for _ in range(size)]
    labels = np.array([number % 2 for number, size in enumerate(sizes) for _ in range(size)])
    try:
        taken = take_stratified(labels, fraction, seed, "data.test", groups)
    except CountError as error:
        assert "groups" in error.reason or "image" in error.reason
        return
    chosen = {group for group, is_taken in zip(groups, taken, strict=True) if is_taken}
    left = {group for group, is_taken in zip(groups, taken, strict=True) if not is_taken}
    assert chosen and left and not chosen & left
    assert set(labels[~taken]) == {0, 1}
    assert (taken == take_stratified(labels, fraction, seed, "data.test", groups)).all()


def test_groups_of_equal_size_are_taken_in_proportion() -> None:
    labels = np.repeat([0, 1], 100)
    groups = [f"{number // 5}" for number in range(200)]
    taken = take_stratified(labels, 0.2, 0, "data.test", groups)
    assert [taken[:100].sum(), taken[100:].sum()] == [20, 20]


@pytest.mark.parametrize("seed", range(5))
def test_takes_the_groups_that_are_nearest_to_the_number(seed: int) -> None:
    """One group has 60 of 100 images, which would be one fold of five."""
    groups = ["large"] * 60 + [f"small {number // 2}" for number in range(40)]
    taken = take_stratified(np.tile([0, 1], 50), 0.2, seed, "data.test", groups)
    assert taken.sum() == 10


def test_a_single_group_cannot_be_divided() -> None:
    with pytest.raises(CountError, match="all images are of the group a"):
        take_stratified(np.repeat([0, 1], 5), 0.2, 0, "data.test", ["a"] * 10)


def test_a_class_of_one_group_stays_for_training() -> None:
    labels = np.array([0] * 5 + [1] * 5)
    with pytest.raises(CountError, match="leaves training images of each class"):
        take_stratified(labels, 0.5, 0, "data.test", ["a"] * 5 + ["b"] * 5)
