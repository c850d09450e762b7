"""The plan decides whether XLA compiles steps."""

from __future__ import annotations

import pytest

from kcnn.model.plan import plan_model
from kcnn.recipe import read_recipe
from kcnn.training.compiled_steps import compiles_steps


@pytest.mark.parametrize(
    ("net", "settings", "images", "expected"),
    [
        ("leaky_bn_fast", [], 60_000, True),
        ("leaky_bn", [], 60_000, True),
        ("leaky_bn_fast", ["train.epochs=1"], 60_000, True),
        ("leaky_bn_fast", [], 60_001, False),  # a smaller last batch
        ("leaky_bn_fast", ["train.drop_remainder=true"], 60_001, True),
        ("leaky_bn_fast", [], 40_000, False),  # too few steps to be worth the compilation
        ("leaky_bn_fast", ["train.batch_size=1000", "train.drop_remainder=true"], 10**6, False),
        ("leaky_bn_fast", ["train.metrics=[AUC]"], 60_000, False),
        ("leaky_bn_fast", ["train.lookahead={}"], 60_000, False),
        ("leaky_bn_fast", ["data.augment=[RandomCrop: {padding: 1}]"], 60_000, False),
        ("leaky_bn_fast", ["train.learning_rate_multipliers={'*/bias': 2}"], 60_000, False),
        ("lenet5", ["train.batch_size=1"], 60_000, False),  # has pooling
    ],
)
def test_the_plan_decides(net: str, settings: list[str], images: int, expected: bool) -> None:
    plan = plan_model(
        read_recipe(net, settings), (32, 32, 1) if net == "lenet5" else (28, 28, 1), 10
    )
    assert compiles_steps(plan, images) == expected
