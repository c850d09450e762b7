"""Which images count as copies of one another."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from kcnn.data.dataset import MemoryImages
from kcnn.data.digits import read_digits
from kcnn.data.folder_listing import list_folder
from kcnn.data.survey import copies as module
from kcnn.data.survey.copies import Copies, find_copies
from kcnn.data.survey.look import look_at_dataset, look_at_files
from kcnn.data.survey.survey import Survey
from kcnn.progress import Progress

Photo = Callable[..., Image.Image]
Change = Callable[[Image.Image], Image.Image]


def survey_of(folder: Path) -> Survey:
    return look_at_files(list_folder(folder), folder.name, Progress())


def named_groups(folder: Path) -> tuple[list[list[str]], Copies]:
    survey = survey_of(folder)
    found = find_copies(survey, Progress())
    return [[survey.name_of(index) for index in group] for group in found.groups], found


def test_different_photos_are_no_copies(photos: Path) -> None:
    assert named_groups(photos)[0] == []


def test_an_equal_file_is_an_exact_copy(photos: Path) -> None:
    shutil.copy(photos / "train/cat/03.png", photos / "test/dog/99.png")
    groups, found = named_groups(photos)
    assert groups == [["train/cat/03.png", "test/dog/99.png"]]
    assert found.exact == [True]


@pytest.mark.parametrize(
    "change",
    [
        lambda image: image.resize((48, 40)),
        lambda image: image.resize((300, 250), Image.Resampling.BICUBIC),
        lambda image: ImageEnhance.Brightness(image).enhance(0.7),
        lambda image: image.crop((2, 2, 94, 79)),
    ],
    ids=["smaller", "larger", "darker", "cropped"],
)
def test_a_changed_copy_is_found(photos: Path, change: Change) -> None:
    with Image.open(photos / "train/dog/05.png") as image:
        change(image).save(photos / "test/dog/copy.jpg", quality=60)
    groups, found = named_groups(photos)
    assert groups == [["train/dog/05.png", "test/dog/copy.jpg"]]
    assert found.exact == [False]


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, 1), (1, -1), (-1, -1)])
def test_images_that_are_shifted_correlate(down: int, right: int) -> None:
    large = np.random.default_rng(0).normal(size=(3, 12, 12, 2)).astype(np.float32)
    first = large[:, 1:11, 1:11]
    second = large[:, 1 + down : 11 + down, 1 + right : 11 + right]
    assert module._correlation(first, second, 1).min() > 0.999
    assert module._correlation(first, second, 0).max() < 0.5


def test_larger_groups_come_first(photos: Path) -> None:
    shutil.copy(photos / "train/cat/00.png", photos / "train/cat/copy.png")
    for name in ("a", "b"):
        shutil.copy(photos / "train/dog/05.png", photos / f"test/dog/{name}.png")
    assert [len(group) for group in named_groups(photos)[0]] == [3, 2]


def test_the_same_shapes_in_other_colors_are_no_copy(photos: Path, photo: Photo) -> None:
    shapes, ground = photo(5).convert("L"), Image.new("L", (96, 80), 20)
    Image.merge("RGB", (shapes, ground, ground)).save(photos / "train/cat/red.png")
    Image.merge("RGB", (ground, ground, shapes)).save(photos / "train/dog/blue.png")
    assert named_groups(photos)[0] == []


def test_images_of_one_color_are_copies_only_if_they_are_equal(photos: Path) -> None:
    for name, level in (("a", 10), ("b", 10), ("c", 12)):
        Image.new("RGB", (20, 20), (level, level, level)).save(photos / f"train/cat/{name}.png")
    assert named_groups(photos)[0] == [["train/cat/a.png", "train/cat/b.png"]]


def test_digits_that_look_alike_are_no_copies_but_equal_ones_are() -> None:
    digits = read_digits()
    pixels = digits.train.read_all().copy()
    pixels[17] = pixels[3]
    train = MemoryImages(pixels, digits.train.labels)
    found = find_copies(look_at_dataset(replace(digits, train=train), Progress()), Progress())
    assert found.strict
    assert [group.tolist() for group in found.groups] == [[3, 17]]


def test_the_comparison_of_too_many_that_look_alike_ends(
    photos: Path, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_PAIRS_PER_IMAGE", 0)
    photo(0, (200, 160)).save(photos / "test/cat/larger.png")
    assert not named_groups(photos)[1].complete
