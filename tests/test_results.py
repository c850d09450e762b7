"""The cells of the README's table of recipes, for cases that the README does not have."""

from __future__ import annotations

from typing import Any

import results
from kcnn.recipe import read_recipe


def quantity(name: str, *values: float) -> dict[str, Any]:
    return {"name": name, "values": values, "images": 10_000}


MEASURED = {
    "quantities": [
        quantity("test_accuracy", 0.93, 0.94),
        quantity("test_augmented_accuracy", 0.945, 0.945),
    ],
}  # fmt: skip


def test_a_score_with_test_time_augmentation_follows_the_plain_one() -> None:
    plain = "93.50 ± 6.35 % (2)"
    assert results._accuracies(read_recipe("digits"), MEASURED) == plain
    augmented = read_recipe("digits", ["data.test_time_augmentation={flip: horizontal, shift: 1}"])
    assert results._accuracies(augmented, MEASURED) == (
        f"{plain}; with flips and shifts averaged 94.50 ± 0.00 % (2)"
    )


def test_a_published_number_with_test_time_augmentation_is_labeled() -> None:
    recipe = read_recipe(
        "digits",
        [
            "data.test_time_augmentation={flip: horizontal}",
            "published=[{metric: test_augmented_accuracy, value: 0.96, source: a paper}]",
        ],
    )
    assert results._published(recipe, MEASURED) == "augmented 96 % (a paper): **ours is below**"
