"""The README's table of recipes, beyond what the README itself shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kcnn.recipe import read_recipe

SCRIPT = Path(__file__).resolve().parents[1] / "benchmarks" / "results.py"


@pytest.fixture(scope="module")
def results() -> ModuleType:
    spec = importlib.util.spec_from_file_location("results", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def quantity(name: str, *values: float) -> dict[str, Any]:
    return {"name": name, "values": values, "images": 10_000}


MEASURED = {
    "quantities": [
        quantity("test_accuracy", 0.93, 0.94),
        quantity("test_augmented_accuracy", 0.945, 0.945),
    ],
}  # fmt: skip


def test_an_augmented_score_stands_behind_the_plain_one_where_the_recipe_has_it(results) -> None:
    plain = "93.50 ± 6.35 % (2)"
    assert results._accuracies(read_recipe("digits"), MEASURED) == plain
    augmented = read_recipe("digits", ["data.test_time_augmentation={flip: horizontal, shift: 1}"])
    assert results._accuracies(augmented, MEASURED) == (
        f"{plain}; with flips and shifts averaged 94.50 ± 0.00 % (2)"
    )


def test_an_augmented_published_figure_is_called_so(results) -> None:
    recipe = read_recipe(
        "digits",
        [
            "data.test_time_augmentation={flip: horizontal}",
            "published=[{metric: test_augmented_accuracy, value: 0.96, source: a paper}]",
        ],
    )
    assert results._published(recipe, MEASURED) == "augmented 96 % (a paper): **ours is below**"
