"""Every shipped recipe is valid, begins with how to run it, and trains."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from kcnn.commands.check import check
from kcnn.commands.fit import fit
from kcnn.data.dataset import Dataset, Images, MemoryImages
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.recipe.library import shipped_recipes

RECIPES = shipped_recipes()
PARAMETERS = {
    "alexnet": 60_965_224,  # 62,378,344 without groups
    "cifar": 25_578,
    "cifar_padding1": 25_578,
    "cifar_tuned": 25_578,
    "convolution": 5_258,
    "dense": 669_706,
    "leaky_bn": 3_760,
    "leaky_bn_fast": 3_760,
    "lenet5": 61_706,
    "cifar94": 1_973_944,
    "mnist": 50_186,
    "resnet20": 274_042,
    "simple_convnet": 433_890,
    "vgg16": 14_996_682,
}
WITHOUT_REAL_IMAGES = ("alexnet", "digits")  # needs a user's folder; comes with scikit-learn


@pytest.mark.parametrize("name", RECIPES)
def test_begins_with_its_command_and_what_to_expect(name: str) -> None:
    first, second, *_ = RECIPES[name].read_text(encoding="utf-8").splitlines()
    path = " data.path=photos" if name == "alexnet" else ""
    assert first == f"# kcnn fit recipes/{name}.yaml{path}"
    assert second.startswith("# Expect ")


@pytest.mark.parametrize("name", RECIPES)
def test_builds_in_keras_with_the_planned_parameters(name: str, tmp_path: Path) -> None:
    settings = []
    if name == "alexnet":
        settings.append(f"data.path={tmp_path}")
        for number in range(1000):
            (tmp_path / str(number)).mkdir()
            for image in ("0.png", "1.png"):
                (tmp_path / str(number) / image).touch()
    result = check(name, settings, build=True)
    assert result.built
    assert result.recipe.name == name
    assert result.plan.cost.parameters == PARAMETERS.get(name, result.plan.cost.parameters)


@cache
def load_real(dataset: str, real_data: Path) -> Dataset:
    """Read 80 training and 40 test images in their original size and colors."""
    from kcnn.data.catalog import NAMED_DATASETS
    from kcnn.data.load import read_named

    whole = read_named(NAMED_DATASETS[dataset], real_data, Progress())
    return replace(whole, train=copy_of(whole.train, 80), test=copy_of(whole.test, 40))


def copy_of(images: Images, count: int) -> Images:
    """Copy the first images, so that the others are freed."""
    return MemoryImages(images.read_all()[:count].copy(), images.labels[:count].copy())


def use_slice_of(dataset: str, real_data: Path, folder: Path) -> list[str]:
    """Save a slice of a dataset as npz, and return the overrides that train on it."""
    import numpy as np

    images = load_real(dataset, real_data)
    arrays = {"x_train": images.train.read_all(), "y_train": images.train.labels}
    np.savez(
        folder / "slice.npz", x_test=images.test.read_all(), y_test=images.test.labels, **arrays
    )
    return ["data.dataset=npz", f"data.path={folder / 'slice.npz'}", "data.validation=10"]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RECIPES if name not in WITHOUT_REAL_IMAGES])
def test_trains_on_a_slice_of_its_dataset(
    name: str, real_data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    recipe = read_recipe(name)
    settings, train = use_slice_of(recipe.data.dataset, real_data, tmp_path), recipe.train
    batch_size = min(train.batch_size, 35)  # two steps of the 70 images left
    epochs = 1 + math.floor(getattr(train.learning_rate_schedule, "warmup_epochs", 0))
    settings += [f"train.epochs={epochs}", f"train.batch_size={batch_size}"]
    if name == "transfer":
        settings.append(
            f"model.layers[0].Application.weights={request.getfixturevalue('real_weights')}"
        )
    result = fit(name, settings, tmp_path / "outputs")
    assert result.summary["status"] == "finished"
    assert result.summary["test"]["images"] == 40


@pytest.mark.slow
def test_alexnet_trains_on_a_folder(real_data: Path, tmp_path: Path) -> None:
    from PIL import Image

    train = load_real("cifar10", real_data).train
    for index in range(16):
        folder = tmp_path / "photos" / f"class {train.labels[index] % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(train.read_all()[index]).save(folder / f"{index}.png")
    settings = [
        f"data.path={tmp_path / 'photos'}",
        "model.layers[15].Dense.units=2",
        "train.batch_size=4",
        "train.epochs=1",
    ]
    result = fit("alexnet", settings, tmp_path / "outputs")
    assert result.summary["status"] == "finished"


@pytest.mark.slow
def test_digits_reaches_98_per_cent(tmp_path: Path) -> None:
    assert fit("digits", output_dir=tmp_path).summary["test"]["accuracy"] >= 0.98
