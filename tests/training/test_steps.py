from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kcnn.model.plan import plan_network
from kcnn.recipe import read_recipe
from kcnn.training import fit
from kcnn.training.steps import MOST_STEPS, steps_at_a_time


@pytest.mark.parametrize(
    ("steps_per_epoch", "chosen"), [(18, 18), (41, 41), (67, 1), (128, 64), (180, 60), (1, 1)]
)
def test_as_many_as_divide_an_epoch(make_plan: Callable, steps_per_epoch, chosen: int) -> None:
    assert chosen <= MOST_STEPS
    assert steps_at_a_time(make_plan(), steps_per_epoch, devices=1) == chosen


def test_one_where_more_would_be_wrong(make_plan: Callable) -> None:
    assert steps_at_a_time(make_plan(), 18, devices=2) == 1
    assert steps_at_a_time(make_plan("train.lookahead={}"), 18, devices=1) == 1


def test_one_where_a_step_is_work_enough() -> None:
    plan = plan_network(read_recipe("cifar"), (32, 32, 3), 10)
    assert steps_at_a_time(plan, 351, devices=1) == 1
    alone = plan_network(read_recipe("cifar", ["train.batch_size=1"]), (32, 32, 3), 10)
    assert steps_at_a_time(alone, 45_000, devices=1) == 60


def test_several_at_a_time_train_bit_for_bit_as_one(trained: Callable, monkeypatch) -> None:
    settings = (
        "train.batch_size=63",
        "train.learning_rate_schedule=Cosine",
        "train.early_stopping={monitor: loss}",
    )
    several = trained(*settings)
    assert several.model.steps_per_execution == 19
    monkeypatch.setattr(fit, "steps_at_a_time", lambda *arguments: 1)
    one = trained(*settings)
    assert one.model.steps_per_execution == 1
    for weight, same in zip(several.model.get_weights(), one.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)
    assert several.run.steps.read_bytes() == one.run.steps.read_bytes()
    for row, same in zip(several.training.rows, one.training.rows, strict=True):
        assert {**row, "seconds": 0} == {**same, "seconds": 0}
