"""What is found in a dataset, and in which order."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from kcnn.data.digits import read_digits
from kcnn.data.survey.copies import find_copies
from kcnn.data.survey.findings import Finding, find_all
from kcnn.data.survey.open import survey_source
from kcnn.errors import DataError
from kcnn.progress import Progress

Photo = Callable[..., Image.Image]


def found_in(folder: Path) -> dict[str, Finding]:
    survey, _ = survey_source(str(folder), None, Progress())
    findings = find_all(survey, find_copies(survey, Progress()))
    return {finding.kind: finding for finding in findings}


def test_nothing_is_found_in_sound_photos(photos: Path) -> None:
    assert found_in(photos) == {}


def test_copies_come_by_what_they_spoil(photos: Path) -> None:
    shutil.copy(photos / "train/cat/00.png", photos / "test/cat/copy.png")
    shutil.copy(photos / "train/cat/01.png", photos / "test/dog/copy.png")
    shutil.copy(photos / "train/cat/02.png", photos / "train/dog/copy.png")
    shutil.copy(photos / "train/cat/03.png", photos / "train/cat/copy.png")
    (photos / "train/dog/broken.png").write_bytes(b"")
    with Image.open(photos / "train/cat/04.png") as image:
        image.resize((48, 40)).save(photos / "test/cat/smaller.png")
    found = found_in(photos)
    assert list(found) == ["unreadable", "copies_across_parts", "copies_across_classes", "copies"]
    assert found["copies_across_parts"].title == (
        "3 images of test are copies of images of train, 1 time under another class"
    )
    assert found["copies_across_parts"].exact == (True, True, False)
    assert len(found["copies_across_classes"].groups) == len(found["copies"].groups) == 1
    assert [finding.is_problem for finding in found.values()] == [True, True, True, False]


def test_says_when_not_all_pairs_were_compared(photos: Path) -> None:
    survey, _ = survey_source(str(photos), None, Progress())
    copies = find_copies(survey, Progress())
    assert find_all(survey, copies) == ()
    (finding,) = find_all(survey, replace(copies, complete=False))
    assert (finding.kind, finding.is_problem) == ("too_many_alike", False)


def test_copies_are_a_problem_where_the_test_set_is_drawn_at_random(photos: Path) -> None:
    shutil.copy(photos / "train/cat/03.png", photos / "train/cat/copy.png")
    found = found_in(photos / "train")
    assert found["copies"].is_problem
    assert "both sides" in str(found["copies"].fix)


def test_few_and_unbalanced_classes_are_remarks(photos: Path, photo: Photo) -> None:
    for number in range(100, 160):
        photo(number).save(photos / f"train/cat/{number}.png")
    for name in ("03", "04", "05"):
        (photos / f"train/dog/{name}.png").unlink()
    shutil.rmtree(photos / "test/dog")
    found = found_in(photos)
    assert found["few_images"].title == "class dog has fewer than 10 training images"
    assert found["unbalanced"].title == "unbalanced: 72 training images of cat, 9 of dog"
    assert found["unbalanced"].fix == "add images of it; class weights may do harm with so few"
    assert found["no_test_images"].title.startswith("class dog has no images in test")
    assert not any(finding.is_problem for finding in found.values())


def test_dark_and_constant_images_are_told_apart(photos: Path, photo: Photo) -> None:
    photo(50).point(lambda value: value // 9).save(photos / "train/cat/dark.png")
    Image.new("RGB", (50, 50), "navy").save(photos / "train/cat/blue.png")
    survey, _ = survey_source(str(photos), None, Progress())
    found = found_in(photos)
    names = {
        kind: [survey.name_of(index) for (index,) in finding.groups]
        for kind, finding in found.items()
    }
    assert names == {"constant": ["train/cat/blue.png"], "dark": ["train/cat/dark.png"]}


def test_shapes_that_differ_widely_are_a_remark(photos: Path, photo: Photo) -> None:
    for number in range(100, 110):
        photo(number, (50, 100)).save(photos / f"train/dog/{number}.png")
    assert "0.50 to 1.20 times" in found_in(photos)["different_shapes"].title


def test_datasets_recipes_and_files_that_are_none(photos: Path) -> None:
    survey, read = survey_source("digits", None, Progress())
    assert len(survey) == 1797
    digits = read_digits()
    assert (read(1436, 96) == digits.train.read_one(1436)).all()
    assert (read(1440, 96) == digits.test.read_one(1440 - len(digits.train))).all()
    recipe = photos.parent / "own.yaml"
    recipe.write_text(
        "data: {dataset: folder, path: photos, image_size: [8, 8]}\n"
        "model: {layers: [Flatten, {Dense: {units: 2}}]}\n"
        "train: {epochs: 1, optimizer: Adam, loss: sparse_categorical_crossentropy}\n",
        encoding="utf-8",
    )
    survey, _ = survey_source(str(recipe), None, Progress())
    assert len(survey) == 30
    with Image.open(photos / survey.name_of(29)) as image:
        wide = image.resize((20, 10))
    wide.save(photos / survey.name_of(29))
    _, read = survey_source(str(recipe), None, Progress())
    assert read(29, 40).shape == (20, 40, 3)  # its shape is kept, without borders
    recipe.write_text(
        "data: {dataset: digits}\n"
        "model: {layers: [Flatten, {Dense: {units: 10}}]}\n"
        "train: {epochs: 1, optimizer: Adam, loss: sparse_categorical_crossentropy}\n",
        encoding="utf-8",
    )
    assert survey_source(str(recipe), None, Progress())[0].name == "digits"
    (photos.parent / "labels.pq").touch()  # a table, which is not read as a folder
    with pytest.raises(DataError, match=r"labels\.pq: (damaged|reading Parquet needs)"):
        survey_source(str(photos.parent / "labels.pq"), None, Progress())
    with pytest.raises(DataError, match="no dataset or recipe of that name"):
        survey_source("no-such-folder", None, Progress())
    with pytest.raises(DataError, match="expected a folder of images"):
        survey_source(str(photos / "train/cat/00.png"), None, Progress())
