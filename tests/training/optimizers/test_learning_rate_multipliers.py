from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.errors import RecipeError
from kcnn.model.build import build_model
from kcnn.recipe.optimizers import OPTIMIZERS
from kcnn.training.fit import compile_model
from kcnn.training.optimizers.learning_rate_multipliers import with_multipliers


def stepped(optimizer: keras.optimizers.Optimizer, steps: int = 4) -> list[np.ndarray]:
    """Train two weights of equal value with the same gradients."""
    random = np.random.default_rng(0)
    start = random.normal(size=(3, 4)).astype(np.float32)
    weights = [keras.Variable(start, name=name) for name in ("first", "second")]
    for _ in range(steps):
        gradient = tf.constant(random.normal(size=(3, 4)).astype(np.float32))
        optimizer.apply([gradient, gradient], weights)
    return [start, *(weight.numpy() for weight in weights)]


ALONE = [name for name in OPTIMIZERS if name[0].isupper() and name != "Adafactor"]
# AdamW decays by default, which another learning rate would change.
IN_PROPORTION = [name for name in ALONE if "Muon" not in name and name != "AdamW"]
PATHS = {"first": 0.25}


@pytest.mark.parametrize("name", IN_PROPORTION)
def test_a_quarter_of_the_rate(name: str) -> None:
    optimizer_class = getattr(keras.optimizers, name)
    _, slow, plain = stepped(with_multipliers(optimizer_class, PATHS)(learning_rate=0.1))
    _, expected, _ = stepped(optimizer_class(learning_rate=0.025))
    _, _, unchanged = stepped(optimizer_class(learning_rate=0.1))
    np.testing.assert_allclose(slow, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(plain, unchanged)
    assert not np.allclose(slow, plain)


def test_with_momentum() -> None:
    momentum = {"momentum": 0.9, "nesterov": True}
    sgd = keras.optimizers.SGD
    _, slow, _ = stepped(with_multipliers(sgd, PATHS)(learning_rate=0.1, **momentum))
    _, expected, _ = stepped(sgd(learning_rate=0.025, **momentum))
    np.testing.assert_allclose(slow, expected, rtol=1e-6)


def test_decay_keeps_the_optimizer_s_own_rate() -> None:
    still = with_multipliers(keras.optimizers.SGD, {"first": 1e-9})(0.1, weight_decay=0.5)
    start, first, _ = stepped(still, steps=2)
    np.testing.assert_allclose(first, start * 0.95**2, rtol=1e-5)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            name, marks=() if name in ("SGD", "Adam", "ConvolutionMuon") else pytest.mark.slow
        )
        for name in ALONE
    ],
)
def test_multiplier_0_freezes_a_weight(name: str, make_plan: Callable) -> None:
    plan = make_plan(
        "model.layers=[{Conv2D: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: 10}}]",
        f"train.optimizer={{{name}: {{learning_rate: 0.1, weight_decay: 0.1}}}}",
        "train.learning_rate_multipliers={conv2d/kernel: 0, dense/bias: 3}",
    )
    model = build_model(plan)
    compile_model(plan, model, steps_per_epoch=2)
    before = model.get_weights()
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), np.uint8)
    model.fit(images, np.arange(20) % 10, batch_size=10, verbose=0)
    unchanged = [
        np.array_equal(weight, former)
        for weight, former in zip(model.get_weights(), before, strict=True)
    ]
    assert unchanged == [True, False, False, False]


def test_multiplier_0_leaves_a_weight_out_of_the_clipped_norm() -> None:
    sgd, clips = keras.optimizers.SGD, {"learning_rate": 0.1, "global_clipnorm": 1.0}
    start, still, moved = stepped(with_multipliers(sgd, {"first": 0.0})(**clips), steps=1)
    np.testing.assert_array_equal(still, start)
    assert np.linalg.norm(moved - start) == pytest.approx(0.1, rel=1e-5)
    _, _, halved = stepped(sgd(**clips), steps=1)
    assert np.linalg.norm(halved - start) == pytest.approx(0.1 / 2**0.5, rel=1e-5)


def test_multiplier_0_applies_no_constraint() -> None:
    weights = [keras.Variable(np.ones(4, np.float32), name=name) for name in ("first", "second")]
    for weight in weights:
        weight.constraint = keras.constraints.UnitNorm(axis=0)
    optimizer = with_multipliers(keras.optimizers.SGD, {"first": 0.0})(0.1)
    optimizer.build(weights)
    optimizer.apply([tf.ones(4)] * 2, weights)
    np.testing.assert_array_equal(weights[0], np.ones(4))
    assert np.linalg.norm(weights[1]) == pytest.approx(1)


def test_all_multipliers_may_be_0() -> None:
    optimizer = with_multipliers(keras.optimizers.SGD, {"first": 0.0, "second": 0.0})(0.1)
    start, first, second = stepped(optimizer)
    np.testing.assert_array_equal(first, start)
    np.testing.assert_array_equal(second, start)


def test_refuses_an_optimizer_with_its_own_rates(make_plan: Callable) -> None:
    with pytest.raises(RecipeError, match="Adafactor computes its own rates"):
        make_plan("train.optimizer=Adafactor", "train.learning_rate_multipliers={dense/bias: 2}")
