"""The warning that batch normalization's moving averages cannot arrive."""

from __future__ import annotations

import pytest

from kcnn.model.explain.slow_averages import slow_averages, training_steps
from kcnn.model.plan import plan_model

LAYERS = "- Flatten\n- BatchNormalization{}\n- Dense: {{units: 10}}"


@pytest.fixture
def warnings(make_recipe):
    def find(layer: str, images: int | None, *settings: str) -> list[str]:
        recipe = make_recipe(LAYERS.format(layer), "train.batch_size=32", *settings)
        return [
            remark.sentence for remark in slow_averages(plan_model(recipe, (8, 8, 1), 10), images)
        ]

    return find


def test_few_steps_leave_a_third_of_the_initial_values(warnings) -> None:
    (sentence,) = warnings("", 200, "train.epochs=15")
    assert sentence == (
        "after 105 steps the moving mean and variance, which predictions use, still keep 34.8 % of "
        "their initial values (momentum 0.99); write momentum: 0.9"
    )


@pytest.mark.parametrize(
    ("layer", "images", "epochs", "words"),
    [
        (": {momentum: 0.9}", 200, 15, None),  # as recommended
        ("", 50_000, 1, None),  # 1,563 steps
        ("", 32 * 687, 1, "write momentum: 0.95"),  # 0.99^687 is just above 0.1 %
        ("", 32 * 688, 1, None),
        (": {momentum: 1.0}", 50_000, 1, "100.0 % of their initial values (momentum 1)"),
        (": {trainable: false}", 200, 1, None),
        ("", 32, 3, "train for more steps"),  # 0.5³ is too much, too
        ("", None, 1, None),  # nobody knows how many images there are
    ],
)
def test_warns_only_where_more_than_a_thousandth_is_left(
    warnings, layer: str, images: int | None, epochs: int, words: str | None
) -> None:
    found = warnings(layer, images, f"train.epochs={epochs}")
    assert len(found) == (words is not None)
    assert words is None or words in found[0]


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ([], 3 * 4),  # 32 + 32 + 32 + 4
        (["train.drop_remainder=true"], 3 * 3),
        (["data.validation=50"], 3 * 2),
        (["data.validation=0.5"], 3 * 2),
        (["data.validation=1000"], None),
    ],
)
def test_counts_the_steps_of_a_training(make_recipe, settings: list[str], steps) -> None:
    recipe = make_recipe(LAYERS.format(""), "train.batch_size=32", "train.epochs=3", *settings)
    assert training_steps(recipe, 100) == steps


def test_averages_that_another_run_left_have_arrived(warnings) -> None:
    assert warnings("", 200, "train.epochs=15", "train.initial_weights=cifar/run-001") == []
