from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from kcnn.commands.check import check
from kcnn.commands.fit import fit
from kcnn.commands.reproduce import reproduce
from kcnn.errors import RecipeError
from kcnn.recipe.library import shipped_recipes

PHOTOS = ["data.dataset=folder", "data.path=photos"]


def failure(recipe: str, *overrides: str) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        check(recipe, overrides)
    return caught.value


@pytest.fixture
def photos(make_images) -> Path:
    return make_images({"cat": 30, "dog": 10})


def test_all_that_does_not_fit_at_once(photos: Path) -> None:
    error = failure("cifar", *PHOTOS)
    ends = [problem.partition("yaml:")[2] for problem in error.problems]
    assert ends == [
        "6: data: dataset folder needs image_size, as in image_size: [64, 64]",
        "8: data.validation: 5000 of 32 images leaves some class without training images",
        "17: model.layers[5].Dense: layer dense: the output is 10, but folder has 2 classes "
        "(cat, dog); write units: 2",
    ]
    assert error.hint == (
        "kcnn check cifar data.dataset=folder data.path=photos 'data.image_size=[32,32]' "
        "'model.layers[5].Dense.units=classes' data.validation=0.1 "
        "train.batch_size=16"
    )


@pytest.mark.parametrize("name", sorted({*shipped_recipes()} - {"transfer"}))
def test_the_proposed_command_has_no_mistakes(photos: Path, name: str) -> None:
    hint = failure(name, *PHOTOS).hint
    assert hint is not None
    recipe, *overrides = shlex.split(hint)[2:]
    assert check(recipe, overrides).plan.classes == 2


def test_the_recipe_for_transfer_fits_any_folder(photos: Path) -> None:
    assert check("transfer", PHOTOS).plan.classes == 2


def test_a_path_alone(photos: Path) -> None:
    error = failure("digits", "data.path=photos")
    assert "path is for folder, csv and npz" in error.problems[0]
    assert error.hint == (
        "kcnn check digits data.path=photos data.dataset=folder 'data.image_size=[8,8]' "
        "'model.layers[7].Dense.units=classes'"
    )


def test_proposes_nothing_that_does_not_fit(photos: Path) -> None:
    error = failure("cifar", *PHOTOS, "data.image_size=[2,2]")
    assert [problem.rpartition("layer ")[2][:15] for problem in error.problems][-1] == (
        "max_pooling2d_1"
    )
    assert not str(error.hint).startswith("kcnn check")
    assert failure("cifar", "data.dataset=folder", "data.path=gone").hint is not None


def test_other_mistakes_are_as_before(photos: Path) -> None:
    assert failure("cifar", "train.epoch=3").problems == (
        "command line, train.epoch=3: train.epoch: unknown setting; did you mean epochs?",
    )


def test_names_the_command_that_was_typed(photos: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        fit("digits", PHOTOS)
    assert str(caught.value.hint).startswith("kcnn fit digits data.dataset=folder")
    with pytest.raises(RecipeError) as caught:
        reproduce("digits", 1, PHOTOS)
    assert str(caught.value.hint).startswith("kcnn reproduce digits data.dataset=folder")
