from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kcnn.model.plan import plan_model
from kcnn.recipe import read_recipe
from kcnn.training import fit
from kcnn.training.steps_per_execution import MAX_STEPS, choose_steps_per_execution


@pytest.mark.parametrize(
    ("steps_per_epoch", "chosen"), [(18, 18), (41, 41), (67, 1), (128, 64), (180, 60), (1, 1)]
)
def test_the_largest_divisor_of_an_epoch(make_plan: Callable, steps_per_epoch, chosen: int) -> None:
    assert chosen <= MAX_STEPS
    assert choose_steps_per_execution(make_plan(), steps_per_epoch, devices=1) == chosen


def test_a_single_step_on_several_devices_and_with_lookahead(make_plan: Callable) -> None:
    assert choose_steps_per_execution(make_plan(), 18, devices=2) == 1
    assert choose_steps_per_execution(make_plan("train.lookahead={}"), 18, devices=1) == 1


def test_a_single_step_for_a_large_model() -> None:
    plan = plan_model(read_recipe("cifar"), (32, 32, 3), 10)
    assert choose_steps_per_execution(plan, 351, devices=1) == 1
    alone = plan_model(read_recipe("cifar", ["train.batch_size=1"]), (32, 32, 3), 10)
    assert choose_steps_per_execution(alone, 45_000, devices=1) == 60


def test_several_steps_train_bit_for_bit_like_a_single_step(trained: Callable, monkeypatch) -> None:
    settings = (
        "train.batch_size=63",
        "train.learning_rate_schedule=Cosine",
        "train.early_stopping={monitor: loss}",
    )
    several = trained(*settings)
    assert several.model.steps_per_execution == 19
    monkeypatch.setattr(fit, "choose_steps_per_execution", lambda *arguments: 1)
    single = trained(*settings)
    assert single.model.steps_per_execution == 1
    for weight, same in zip(several.model.get_weights(), single.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)
    assert several.run.steps.read_bytes() == single.run.steps.read_bytes()
    for row, same in zip(several.training.rows, single.training.rows, strict=True):
        assert {**row, "seconds": 0} == {**same, "seconds": 0}
