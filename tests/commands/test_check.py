from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kcnn.commands.check import check
from kcnn.errors import DataError, RecipeError

RECIPES = sorted(path.stem for path in Path(__file__).parents[2].glob("recipes/*.yaml"))
NPZ = """\
data: {dataset: npz, path: photos.npz}
model: {layers: [Flatten, {Dense: {units: 3}}]}
train: {epochs: 1, optimizer: Adam}
"""


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    file = tmp_path / "photos.yaml"
    file.write_text(NPZ)
    return file


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_right(name: str) -> None:
    result = check(name)
    assert result.plan is not None
    assert not result.built


def test_sizes() -> None:
    plan = check("digits").plan
    assert plan is not None
    assert (plan.image_shape, plan.classes, plan.cost.parameters) == ((8, 8, 1), 10, 30_634)


def test_build() -> None:
    assert check("digits", build=True).built


def test_tensorflow_is_not_needed(tmp_path: Path) -> None:
    code = (
        "import sys; from kcnn.commands.check import check; check('digits'); "
        "print(sorted({'tensorflow', 'keras', 'numpy', 'pandas'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_images_that_only_the_data_know(npz: Path) -> None:
    assert check(npz).plan is None
    with pytest.raises(DataError, match=r"photos\.yaml: the size of the images is known only from"):
        check(npz, build=True)
    settings = ["data.image_size=[4, 4]", "data.channels=1"]
    plan = check(npz, settings, build=True).plan
    assert plan is not None
    assert plan.cost.parameters == 16 * 3 + 3


def test_multipliers_of_weights_that_no_layer_has(npz: Path) -> None:
    mistaken = NPZ.replace(
        "optimizer", "learning_rate_multipliers:\n  {dense/kernal: 3}, optimizer"
    )
    npz.write_text(mistaken)
    known = ["data.image_size=[4, 4]", "data.channels=1"]
    for settings in ([], known):  # the images' shape does not matter
        with pytest.raises(RecipeError) as caught:
            check(npz, settings)
        assert caught.value.problems == (
            f"{npz}:4: train.learning_rate_multipliers.dense/kernal: no weight that is trained; "
            "did you mean dense/kernel?",
        )


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("model.layers[7].Dense.units=11", "the output is 11, but digits has 10 classes"),
        ("model.layers[3].Conv2D.kernel_size=9", "model.layers"),
        ("train.epochs=0", "train.epochs"),
        ("data.image_size=[1, 1]", "layer "),
    ],
)
def test_what_does_not_fit(setting: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check("digits", [setting, "model.layers[3].Conv2D.padding=valid"])
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("setting", "problem", "hint"),
    [
        (
            "data.validation=49995",
            "data.validation: 49995 of 50,000 images leaves some class of cifar10 without any",
            "write a validation of at most 49990",
        ),
        (
            "train.batch_size=45001",
            "train.batch_size: 45001 is more than the 45000 training images",
            "write a batch_size of at most 45000",
        ),
    ],
)
def test_more_images_than_a_named_set_has(setting: str, problem: str, hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        check("cifar", [setting])
    assert caught.value.problems == (f"command line, {setting}: {problem}",)
    assert caught.value.hint == hint


@pytest.mark.parametrize("setting", ["data.validation=49872", "train.batch_size=45000"])
def test_as_many_images_as_a_named_set_has(setting: str) -> None:
    assert check("cifar", [setting]).plan
