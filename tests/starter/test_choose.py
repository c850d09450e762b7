from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.starter.choose import choose, filters, has_sides
from kcnn.starter.own_images import OwnImages


def own_images(**facts: object) -> OwnImages:
    usual = {
        "path": Path("photos"), "dataset": "folder", "class_names": ("cat", "dog"), "classes": 2,
        "train": 5_000, "validation": None, "test": None, "by_class": (2_500, 2_500),
        "sizes": ((320, 240),), "is_gray": False,
    }  # fmt: skip
    return OwnImages(**{**usual, **facts})


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)], (28, 28)),
        ([(64, 48)], (48, 64)),
        ([(320, 240)], (96, 96)),
        ([(1600, 1200)], (96, 96)),
        ([(70, 300), (300, 70)], (64, 64)),
        ([(10, 12), (9, 30)], (16, 16)),
        ([(1, 1)], (16, 16)),
        ([(8, 8)], (8, 8)),
    ],
)
def test_image_size(sizes: list[tuple[int, int]], expected: tuple[int, int]) -> None:
    assert choose(own_images(sizes=tuple(sizes))).image_size == expected


def test_images_of_an_npz_keep_their_size() -> None:
    assert choose(own_images(dataset="npz", sizes=((200, 90),))).image_size == (90, 200)
    assert choose(own_images(dataset="npz", sizes=((1, 1),))).filters == ()


@pytest.mark.parametrize("side", [8, 16, 24, 28, 32, 48, 64, 96])
def test_blocks_end_in_a_small_map_that_is_not_empty(side: int) -> None:
    blocks = len(filters((side, side)))
    assert 2 <= side // 2**blocks <= 3


def test_sets_images_apart() -> None:
    usual = choose(own_images())
    assert (usual.test, usual.validation, usual.train) == (0.2, 0.1, 3_600)
    few = choose(own_images(train=600, by_class=(300, 300)))
    assert (few.test, few.validation, few.train) == (0.2, None, 480)
    own = choose(own_images(test=100, validation=50))
    assert (own.test, own.validation, own.train) == (None, None, 5_000)


@pytest.mark.parametrize(
    ("train", "epochs", "batch_size"),
    [(5, 60, 4), (499, 60, 16), (500, 60, 32), (2_000, 40, 32), (8_000, 20, 64), (30_000, 12, 128)],
)
def test_effort_depends_on_the_number_of_training_images(
    train: int, epochs: int, batch_size: int
) -> None:
    choices = choose(own_images(train=train, test=100, validation=50))
    assert (choices.train, choices.epochs, choices.batch_size) == (train, epochs, batch_size)


@pytest.mark.parametrize(
    ("size", "shift", "convolutions", "first"),
    [((8, 8), 1, 2, 32), ((64, 48), 3, 2, 32), ((320, 240), 6, 1, 16)],
)
def test_larger_images_have_larger_shifts_and_fewer_convolutions(
    size: tuple[int, int], shift: int, convolutions: int, first: int
) -> None:
    choices = choose(own_images(sizes=(size,)))
    assert (choices.shift, choices.convolutions, choices.filters[0]) == (shift, convolutions, first)


def test_gray_images() -> None:
    assert choose(own_images(is_gray=True)).channels == 1
    assert choose(own_images()).channels is None
    assert choose(own_images(is_gray=True, dataset="npz")).channels is None


def test_unbalanced_classes() -> None:
    assert choose(own_images(by_class=(4_000, 1_000))).class_weight
    assert not choose(own_images(by_class=(2_600, 2_400))).class_weight
    few = choose(own_images(by_class=(400, 40)))  # weights would make training follow 40 images
    assert (few.is_unbalanced, few.class_weight) == (True, False)


def test_shapes_that_differ_are_cropped() -> None:
    assert choose(own_images()).resize is None
    assert choose(own_images(sizes=((320, 240), (240, 320)))).resize == "crop"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (tuple("0123456789"), True),
        (("a", "b", "c", "space"), True),
        (("turn left", "turn right", "stop"), True),
        (("Left-hand", "no hand"), True),
        (("cat", "dog"), False),
        (("bright", "dark"), False),
        (("猫", "犬"), False),
        ((), False),
    ],
)
def test_flips_nothing_that_has_sides(names: tuple[str, ...], expected: bool) -> None:
    assert has_sides(names) is expected
    assert choose(own_images(class_names=names)).flips is not expected
