from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kcnn.model.plan import plan_model
from kcnn.recipe import read_recipe
from kcnn.training import fit
from kcnn.training.steps_per_execution import (
    MAX_STEPS,
    choose_steps_per_execution,
    should_compile_steps,
)

CONVOLUTION = (
    "model.layers=[{Conv2D: {filters: 4, kernel_size: 3, %s}}, Flatten, {Dense: {units: 10}}]"
)


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
    assert choose_steps_per_execution(plan, 351, devices=1) == 13
    alone = plan_model(read_recipe("cifar", ["train.batch_size=1"]), (32, 32, 3), 10)
    assert choose_steps_per_execution(alone, 45_000, devices=1) == 60


def test_few_steps_of_a_model_that_multiplies_little() -> None:
    layers = "[Repeat: {times: 6, body: [DepthwiseConv2D: {kernel_size: 3}, LayerNormalization]}"
    settings = [f"model.layers={layers}, Flatten, {{Dense: {{units: 3}}}}]", "train.batch_size=32"]
    plan = plan_model(read_recipe("cifar", settings), (32, 32, 32), 3)
    # Without its outputs, it would be 32 steps.
    assert choose_steps_per_execution(plan, 64, devices=1) == 16
    assert choose_steps_per_execution(plan, 64, devices=1, multiply_adds=96) == 64


def test_few_steps_of_a_model_of_many_layers() -> None:
    layers = "[Application: {name: MobileNetV2, weights: none}, Flatten, {Dense: {units: 3}}]"
    settings = [f"model.layers={layers}", "data.scaling=none", "train.batch_size=1"]
    plan = plan_model(read_recipe("cifar", settings), (32, 32, 3), 3)
    assert choose_steps_per_execution(plan, 64, devices=1) == 8  # of 33 ms on two cores


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


@pytest.mark.parametrize(
    ("net", "settings", "images", "expected"),
    [
        ("leaky_bn_fast", [], 60_000, True),
        ("leaky_bn", [], 60_000, True),
        ("leaky_bn_fast", ["train.epochs=1"], 60_000, True),
        ("leaky_bn_fast", [], 60_001, False),  # a smaller last batch
        ("leaky_bn_fast", ["train.drop_remainder=true"], 60_001, True),
        ("leaky_bn_fast", [], 50_300, False),  # 503 steps, a prime number
        ("leaky_bn_fast", [], 40_000, False),  # too few steps to be worth the compilation
        ("leaky_bn_fast", ["train.batch_size=1000", "train.drop_remainder=true"], 10**6, False),
        ("leaky_bn_fast", ["train.metrics=[AUC]"], 60_000, False),
        ("leaky_bn_fast", ["train.lookahead={}"], 60_000, False),
        ("leaky_bn_fast", ["data.augment=[RandomCrop: {padding: 1}]"], 60_000, False),
        ("leaky_bn_fast", ["train.learning_rate_multipliers={'*/bias': 2}"], 60_000, True),
        ("lenet5", ["train.batch_size=1"], 60_000, False),  # has pooling
    ],
)
def test_the_plan_decides_whether_steps_are_compiled(
    net: str, settings: list[str], images: int, expected: bool
) -> None:
    plan = plan_model(
        read_recipe(net, settings), (32, 32, 1) if net == "lenet5" else (28, 28, 1), 10
    )
    assert should_compile_steps(plan, images) == expected


def test_a_training_resumes_compiled_where_an_execution_begins() -> None:
    plan = plan_model(read_recipe("leaky_bn_fast"), (28, 28, 1), 10)
    assert choose_steps_per_execution(plan, 600, devices=1, compiled=True) == 60
    assert should_compile_steps(plan, 60_000, first_step=120)
    assert not should_compile_steps(plan, 60_000, first_step=90)


def test_compiled_steps_of_large_images_are_few() -> None:
    recipe = read_recipe("leaky_bn", [CONVOLUTION % "strides: 16"])
    plan = plan_model(recipe, (224, 224, 3), 10)
    assert choose_steps_per_execution(plan, 2**12, devices=1, compiled=True) == 64  # 9.6 MB
    huge = plan_model(recipe, (4096, 4096, 3), 10)
    assert choose_steps_per_execution(huge, 2**12, devices=1, compiled=True) == 1
    assert not should_compile_steps(huge, 2**12)
