from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from kcnn.model.dtype_policy import dtype_policy
from kcnn.runs.checkpoint import Checkpoint, Origin
from kcnn.training.fit import compile_model, seconds_before


def test_epochs_have_seconds(trained: Callable) -> None:
    training = trained("train.epochs=2").training
    first, second = (row["seconds"] for row in training.rows)
    assert first > 0 and second > 0


def test_seconds_of_earlier_processes() -> None:
    rows = [{"epoch": 1, "seconds": 20.0}, {"epoch": 2, "seconds": 10.0}]
    ended = {"MetricsFile": {"rows": rows, "begun": None}}
    unfinished = {"MetricsFile": {"rows": rows, "begun": {"elapsed": 5.5, "rate": 0.1}}}
    origin = Origin("", "", None)
    assert seconds_before(None) == 0
    assert seconds_before(Checkpoint(2, origin, False, [], ended)) == 30
    assert seconds_before(Checkpoint(2, origin, False, [], unfinished, step=7)) == 35.5


def test_the_same_seed_trains_the_same_model(trained: Callable) -> None:
    first, again, other = trained(), trained(), trained("train.seed=1")
    for weight, same in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, same)
    assert first.training.rows[-1]["loss"] == again.training.rows[-1]["loss"]
    assert first.training.rows[-1]["loss"] != other.training.rows[-1]["loss"]


@pytest.mark.parametrize(("more", "factor"), [("", None), (", loss_scale_factor: 8", 8)])
def test_in_float16_the_loss_is_scaled_by_keras_or_the_recipe(
    more: str, factor: float | None, make_plan: Callable
) -> None:
    plan = make_plan(f"train.optimizer={{SGD: {{learning_rate: 0.1{more}}}}}")
    with dtype_policy("mixed_float16"):
        model = keras.Sequential([keras.layers.Dense(10)])
        compile_model(plan, model, steps_per_epoch=7)
    assert model.optimizer.loss_scale_factor == factor
    by_keras = isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer)
    assert by_keras == (factor is None)


def test_compile_keeps_the_defaults_of_keras(make_plan: Callable) -> None:
    plan = make_plan("train.optimizer=Adam")
    model = keras.Sequential([keras.layers.Dense(10)])
    compile_model(plan, model, steps_per_epoch=7)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)
    assert model.optimizer.get_config()["beta_1"] == 0.9
