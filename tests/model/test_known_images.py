from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RecipeError
from kcnn.model.known_images import known_classes, require_batch
from kcnn.recipe import Recipe, read_recipe

DEFAULT = """\
data: {dataset: digits}
model: {layers: [Flatten, {Dense: {units: 10}}]}
train: {epochs: 1, optimizer: Adam}
"""


@pytest.fixture
def without_batch_size(tmp_path: Path) -> Path:
    file = tmp_path / "default.yaml"
    file.write_text(DEFAULT)
    return file


def read_folder_recipe(path: Path) -> Recipe:
    return read_recipe("digits", [f"data={{dataset: folder, path: {path}, image_size: [8, 8]}}"])


def test_the_default_batch_size_may_be_more_than_the_images(without_batch_size: Path) -> None:
    # resolved.yaml writes the default out, and kcnn fit takes it.
    for overrides in ([], ["train.batch_size=32"]):
        recipe = read_recipe(without_batch_size, overrides)
        require_batch(recipe, 20)
        with pytest.raises(RecipeError, match="33 is more than the 20 training images"):
            require_batch(read_recipe(without_batch_size, [*overrides, "train.batch_size=33"]), 20)


def test_a_batch_size_of_ones_own_may_not(without_batch_size: Path) -> None:
    setting = "train.batch_size=33"
    require_batch(read_recipe(without_batch_size, [setting]), 33)
    with pytest.raises(RecipeError) as caught:
        require_batch(read_recipe(without_batch_size, [setting]), 32)
    assert caught.value.message == (
        f"command line, {setting}: train.batch_size: 33 is more than the 32 training images"
    )
    assert caught.value.hint == "write a batch_size of at most 32"


def test_the_default_where_smaller_batches_are_dropped(without_batch_size: Path) -> None:
    recipe = read_recipe(without_batch_size, ["train.drop_remainder=true"])
    require_batch(recipe, 32)
    with pytest.raises(RecipeError) as caught:
        require_batch(recipe, 20)
    assert caught.value.message == (
        f"{without_batch_size}:3: train.batch_size: the default of 32 is more than the 20 training "
        "images, and drop_remainder leaves out what does not fill a batch"
    )
    assert caught.value.hint == "write a batch_size of at most 20"


def test_classes_of_a_folder(tmp_path: Path) -> None:
    recipe = read_folder_recipe(tmp_path / "photos")
    assert known_classes(recipe.data) is None
    for name in ("cat", "dog", "owl", ".hidden"):
        (tmp_path / "photos" / name).mkdir(parents=True)
    (tmp_path / "photos" / "notes.txt").touch()
    assert known_classes(recipe.data) == 3


def test_classes_below_train(tmp_path: Path) -> None:
    for name in ("train/cat", "train/dog", "test/cat", "val"):
        (tmp_path / name).mkdir(parents=True)
    assert known_classes(read_folder_recipe(tmp_path).data) == 2
    (tmp_path / "val").rename(tmp_path / "Test")
    assert known_classes(read_folder_recipe(tmp_path).data) is None


def test_classes_of_a_named_set_and_of_an_npz(tmp_path: Path) -> None:
    assert known_classes(read_recipe("digits").data) == 10
    (tmp_path / "own.npz").touch()
    settings = [f"data={{dataset: npz, path: {tmp_path / 'own.npz'}}}"]
    assert known_classes(read_recipe("digits", settings).data) is None
