from __future__ import annotations

from typing import Any

from kcnn.recipe import read_recipe
from kcnn.recipe.differences import (
    deciding_settings,
    differing_settings,
    without_newer_defaults,
)
from kcnn.recipe.write import resolved_yaml


def settings(*overrides: str) -> dict[str, Any]:
    return deciding_settings(read_recipe("digits", overrides))


def test_a_recipe_equals_its_resolved_form(tmp_path) -> None:
    resolved = tmp_path / "resolved.yaml"
    recipe = read_recipe("digits", ["about=other words", "train.seed=3"])
    resolved.write_text(resolved_yaml(recipe), encoding="utf-8")
    assert deciding_settings(read_recipe(resolved)) == settings("train.seed=3")


def test_settings_by_their_dotted_names() -> None:
    differences = differing_settings(
        [settings(), settings("train.epochs=5", "model.layers[0].Conv2D.filters=8")]
    )
    assert differences == {"model.layers[0].Conv2D.filters": [32, 8], "train.epochs": [30, 5]}


def test_another_class_is_a_single_difference() -> None:
    differences = differing_settings(
        [settings(), settings("train.optimizer={SGD: {momentum: 0.9}}")]
    )
    assert differences == {
        "train.optimizer": [{"Adam": {"learning_rate": 0.001}}, {"SGD": {"momentum": 0.9}}]
    }


def test_a_missing_setting_is_none() -> None:
    longer = settings("train.optimizer.Adam.beta_1=0.8")
    assert differing_settings([settings(), longer, settings()]) == {
        "train.optimizer.Adam.beta_1": [None, 0.8, None]
    }


def test_lists_of_other_lengths() -> None:
    short = settings("model.layers=[Flatten, {Dense: {units: 10}}]")
    longer = settings("model.layers=[Flatten, {Dense: {units: 10}}, Softmax]")
    assert differing_settings([short, longer]) == {"model.layers[2]": [None, "Softmax"]}


def test_equal_recipes_have_no_differences() -> None:
    assert differing_settings([settings(), settings()]) == {}


def test_settings_that_change_nothing_leave_the_hash_of_an_older_run() -> None:
    data = without_newer_defaults(settings())["data"]
    # Those of kcnn 0.1, whose checkpoints have a hash of them.
    assert data == {"dataset": "digits", "validation": 0.1, "test": 0.2, "scaling": "unit"}
    fitted = {**settings(), "data": {**settings()["data"], "resize": "fit"}}
    assert without_newer_defaults(fitted)["data"] == {**data, "resize": "fit"}


def test_the_cache_decides_nothing() -> None:
    assert "cache" not in settings()["data"]
