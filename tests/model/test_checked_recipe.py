from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.data.description import ImageDescription, describe_settings
from kcnn.data.npz import read_npz
from kcnn.errors import DataError, RecipeError
from kcnn.model import checked_recipe
from kcnn.model.checked_recipe import check_recipe, plan_without_images, require_batch
from kcnn.recipe import read_recipe
from kcnn.recipe.data_settings import DataSettings

DEFAULT = """\
data: {dataset: digits}
model: {layers: [Flatten, {Dense: {units: 10}}]}
train: {epochs: 1, optimizer: Adam}
"""
POOLING = "model.layers[0]={AveragePooling2D: {pool_size: 9}}"
PHOTOS = """\
data:
  dataset: folder
  path: photos
  image_size: [8, 8]
model: {layers: [Flatten, {Dense: {units: 2}}]}
train: {epochs: 1, optimizer: Adam}
"""


@pytest.fixture
def without_batch_size(tmp_path: Path) -> Path:
    file = tmp_path / "default.yaml"
    file.write_text(DEFAULT)
    return file


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A recipe for a folder of two classes with ten images each, which are never read."""
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            (tmp_path / "photos" / name / f"{number}.png").touch()
    file = tmp_path / "photos.yaml"
    file.write_text(PHOTOS)
    return file


def test_accepts_a_default_batch_size_above_the_images(without_batch_size: Path) -> None:
    # resolved.yaml writes the default out, and kcnn fit takes it.
    for overrides in ([], ["train.batch_size=32"]):
        recipe = read_recipe(without_batch_size, overrides)
        require_batch(recipe, 20)
        with pytest.raises(RecipeError, match="33 is more than the 20 training images"):
            require_batch(read_recipe(without_batch_size, [*overrides, "train.batch_size=33"]), 20)


def test_refuses_a_written_batch_size_above_the_images(without_batch_size: Path) -> None:
    setting = "train.batch_size=33"
    require_batch(read_recipe(without_batch_size, [setting]), 33)
    with pytest.raises(RecipeError) as caught:
        require_batch(read_recipe(without_batch_size, [setting]), 32)
    assert caught.value.message == (
        f"command line, {setting}: train.batch_size: 33 is more than the 32 training images"
    )
    assert caught.value.hint == "write a batch_size of at most 32"


def test_refuses_a_default_batch_size_above_the_images_with_drop_remainder(
    without_batch_size: Path,
) -> None:
    recipe = read_recipe(without_batch_size, ["train.drop_remainder=true"])
    require_batch(recipe, 32)
    with pytest.raises(RecipeError) as caught:
        require_batch(recipe, 20)
    assert caught.value.message == (
        f"{without_batch_size}:3: train.batch_size: the default of 32 is more than the 20 training "
        "images, and drop_remainder leaves out what does not fill a batch"
    )
    assert caught.value.hint == "write a batch_size of at most 20"


@pytest.mark.parametrize(
    ("setting", "reason", "hint"),
    [
        ("test", "0.01 of 20 images is less than one image", "write a fraction of at least 0.05"),
        ("test", "0.99 of 20 images leaves some class", "write a fraction of at most 0.9"),
        ("validation", "0.01 of 16 images is less than one", "write a fraction of at least 0.063"),
        ("validation", "15 of 16 images leaves some class", "write at most 14"),
    ],
)
def test_refuses_counts_that_leave_too_few_images(
    photos: Path, setting: str, reason: str, hint: str
) -> None:
    count = reason.split()[0]
    photos.write_text(PHOTOS.replace("\nmodel", f"\n  {setting}: {count}\nmodel"))
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_recipe(photos))
    assert caught.value.message.startswith(f"{photos}:5: data.{setting}: {reason}")
    assert str(caught.value.hint).startswith(hint)


def test_refuses_a_batch_size_above_the_images_of_a_folder(photos: Path) -> None:
    assert check_recipe(read_recipe(photos, ["train.batch_size=16"])).images.train_count == 16
    with pytest.raises(RecipeError, match="17 is more than the 16 training images"):
        check_recipe(read_recipe(photos, ["train.batch_size=17"]))
    with pytest.raises(RecipeError, match="13 is more than the 12 training images"):
        check_recipe(read_recipe(photos, ["train.batch_size=13", "data.validation=4"]))


def test_all_mistakes_are_reported_together(photos: Path) -> None:
    overrides = ["data.validation=15", "train.batch_size=99", "model.layers[1].Dense.units=3"]
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_recipe(photos, overrides))
    count, output = caught.value.problems
    assert "data.validation: 15 of 16 images" in count
    assert "the output is 3, but folder has 2 classes" in output
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_recipe(photos, ["data.path=gone", "data.image_size=[1, 1]", POOLING]))
    missing, misfit = caught.value.problems
    assert missing.endswith("gone: no such folder")
    assert "does not fit" in misfit
    without_shape = ["data={dataset: npz, path: gone.npz}", "model.layers[0]={ReLU: {inputs: far}}"]
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_recipe(photos, without_shape))
    missing, name = caught.value.problems
    assert missing.endswith("gone.npz: no such file")
    assert "far" in name


def test_a_mistake_is_one_line_even_if_the_path_has_two(photos: Path) -> None:
    photos.write_text(PHOTOS.replace("path: photos", 'path: "gone\\nfar"'))
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_recipe(photos))
    assert caught.value.problems[0].endswith(r"gone\nfar: no such folder")


def test_refuses_images_that_changed_since_they_were_described(
    photos: Path, tmp_path: Path
) -> None:
    checked = check_recipe(read_recipe(photos))
    recipe = checked.recipe

    def read(
        count: int, shape: tuple[int, ...] = (8, 8, 3), classes: int = 2, test: int = 4
    ) -> Dataset:
        train = MemoryImages(np.zeros((count, *shape), np.uint8), np.zeros(count, np.int32))
        names = tuple(map(str, range(classes)))
        return Dataset("photos", train, train.first(test), names, str(recipe.data.path))

    assert checked.confirm(read(16)) is checked.plan
    for dataset, message in (
        (read(17), "photos: training images: 17, and 16 a moment ago"),
        (read(16, test=3), "photos: test images: 3, and 4 a moment ago"),
        (read(16, (8, 8, 1)), r"photos: images of shape \(8, 8, 1\), and \(8, 8, 3\)"),
        (read(16, classes=3), "photos: classes: 3, and 2 a moment ago"),
    ):
        with pytest.raises(DataError, match=message):
            checked.confirm(dataset)


def test_confirms_a_slice_of_a_named_dataset() -> None:
    checked = check_recipe(read_recipe("digits"))
    few = MemoryImages(np.zeros((5, 8, 8, 1), np.uint8), np.zeros(5, np.int32))
    names = NAMED_DATASETS["digits"].class_names
    assert checked.confirm(Dataset("digits", few, few, names, "here")) is checked.plan


def test_classes_counted_by_the_labels(tmp_path: Path) -> None:
    images, labels = np.zeros((40, 8, 8), np.uint8), np.arange(40) % 10
    file = tmp_path / "own.npz"
    np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels)
    data = f"data={{dataset: npz, path: {file}}}"
    dataset = read_npz(file, "own")
    checked = check_recipe(read_recipe("digits", [data]))
    assert (checked.plan.image_shape, checked.plan.classes) == ((8, 8, 1), 10)
    assert checked.confirm(dataset).classes == 10
    with pytest.raises(DataError, match="training images: 39, and 40 a moment ago"):
        checked.confirm(replace(dataset, train=dataset.train.first(39)))
    with pytest.raises(RecipeError, match="the output is 11, but npz has 10 classes"):
        check_recipe(read_recipe("digits", [data, "model.layers[7].Dense.units=11"]))


def test_counts_the_classes_of_a_folder(photos: Path) -> None:
    word = ["model.layers[1].Dense.units=classes"]
    checked = check_recipe(read_recipe(photos, word))
    assert checked.plan.shapes["dense"] == (2,)
    assert checked.plan.recipe.origin.settings["model"]["layers"][1] == {"Dense": {"units": 2}}
    with pytest.raises(RecipeError, match="the output is 3, but folder has 2 classes"):
        check_recipe(read_recipe(photos, ["model.layers[1].Dense.units=3"]))
    with pytest.raises(DataError) as caught:
        plan_without_images(read_recipe(photos, [*word, "data.path=gone"]))
    assert caught.value.message == f"{photos}: the number of classes is known only from gone"


def test_plan_without_images(photos: Path, tmp_path: Path) -> None:
    # The images are not counted, so neither are too few a mistake.
    for overrides in ([], ["data.test=0.01"]):
        assert plan_without_images(read_recipe(photos, overrides)).classes == 2
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    assert plan_without_images(read_recipe(photos)).classes is None
    with pytest.raises(DataError, match=r"the size of the images is known only from .*gone\.npz"):
        plan_without_images(read_recipe("digits", ["data={dataset: npz, path: gone.npz}"]))


def test_describes_the_same_images_once(photos: Path, monkeypatch) -> None:
    checked = check_recipe(read_recipe(photos))
    looked_up = []

    def note(data: DataSettings) -> ImageDescription:
        looked_up.append(data)
        return describe_settings(data)

    monkeypatch.setattr(checked_recipe, "describe_images", note)
    other = ["train.epochs=2", "data.validation=5", "data.scaling=none"]
    assert check_recipe(read_recipe(photos, other), checked).images is checked.images
    assert not looked_up
    others = [
        "data.test=0.5", "data.image_size=[9, 9]", "data.channels=1", "data.path=x",
        "data.fold={number: 1, of: 2}",
    ]  # fmt: skip
    for setting in others:
        check_recipe(read_recipe(photos, [setting]), checked)
    assert len(looked_up) == len(others)


@pytest.fixture
def parts(photos: Path, tmp_path: Path) -> Path:
    """The same recipe, with parts in its folder: train, val and test of ten images each class."""
    for part in ("train", "val", "test"):
        shutil.copytree(tmp_path / "photos", tmp_path / "parts" / part)
    shutil.rmtree(tmp_path / "photos")
    (tmp_path / "parts").rename(tmp_path / "photos")
    return photos


def test_validation_images_of_the_dataset_may_be_monitored(photos: Path, parts: Path) -> None:
    stop = "train.early_stopping={patience: 3}"
    checked = check_recipe(read_recipe(parts, [stop]))
    assert (checked.images.train_count, checked.images.validation_count) == (20, 20)


def test_refuses_to_monitor_validation_images_that_are_not_there(photos: Path) -> None:
    stop = "train.early_stopping={patience: 3}"
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_recipe(photos, [stop]))
    assert caught.value.problems == (
        f"command line, {stop}: train.early_stopping: monitors val_loss, which needs validation "
        "images; set data.validation",
    )
    check_recipe(read_recipe(photos, [stop, "data.validation=0.1"]))


def test_refuses_validation_images_twice(parts: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_recipe(parts, ["data.validation=0.1"]))
    assert caught.value.problems == (
        f"command line, data.validation=0.1: data.validation: {tmp_path / 'photos'} has 20 "
        "validation images of its own",
    )
    assert "leave data.validation out, which uses them" in str(caught.value.hint)


def test_names_the_classes_of_a_folder(photos: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "photos" / "cat", tmp_path / "photos" / "old")
    with pytest.raises(RecipeError, match=r"folder has 3 classes \(cat, dog, old\); write units"):
        check_recipe(read_recipe(photos))
    for number in range(20):
        shutil.copytree(tmp_path / "photos" / "cat", tmp_path / "photos" / f"class-{number}")
    with pytest.raises(RecipeError, match=r"has 23 classes \(cat, .*, class-16, …\); write units"):
        check_recipe(read_recipe(photos))
