"""Every recipe that kcnn brings is right, says how to run it, and trains."""

from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.commands.check import check
from kcnn.commands.fit import fit
from kcnn.recipe.library import shipped_recipes

RECIPES = shipped_recipes()
PARAMETERS = {"cifar": 25_578, "mnist": 50_186, "resnet20": 274_042}


@pytest.mark.parametrize("name", RECIPES)
def test_first_lines_say_how_to_run_it_and_what_to_expect(name: str) -> None:
    first, second, *_ = RECIPES[name].read_text(encoding="utf-8").splitlines()
    assert first == f"# kcnn fit recipes/{name}.yaml"
    assert second.startswith("# Expect ")


@pytest.mark.parametrize("name", RECIPES)
def test_builds_in_keras_with_the_parameters_the_arithmetic_counts(name: str) -> None:
    result = check(name, build=True)
    assert result.built
    assert result.recipe.name == name
    assert result.plan is not None
    assert result.plan.cost.parameters == PARAMETERS.get(name, result.plan.cost.parameters)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RECIPES if name != "digits"])
def test_trains_on_a_slice_of_the_real_images(name: str, real_data: Path, tmp_path: Path) -> None:
    import numpy as np

    from kcnn.data.load import load_dataset
    from kcnn.progress import Progress
    from kcnn.recipe import read_recipe

    whole = load_dataset(read_recipe(name).data, real_data, Progress())
    file = tmp_path / "slice.npz"
    np.savez(
        file,
        x_train=whole.train.images[:600], y_train=whole.train.labels[:600],
        x_test=whole.test.images[:100], y_test=whole.test.labels[:100],
    )  # fmt: skip
    settings = ["data.dataset=npz", f"data.path={file}", "data.validation=0.1", "train.epochs=1"]
    result = fit(name, settings, tmp_path / "outputs")
    assert result.summary["status"] == "finished"
    assert result.summary["test"]["images"] == 100


@pytest.mark.slow
def test_digits_reaches_98_per_cent(tmp_path: Path) -> None:
    assert fit("digits", output_dir=tmp_path).summary["test"]["accuracy"] >= 0.98
