from __future__ import annotations

import math
from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.build import build_model
from kcnn.model.plan import Plan
from kcnn.recipe.optimizers import OPTIMIZERS
from kcnn.training.loss_and_metrics import make_loss
from kcnn.training.optimizers.build import make_optimizer

STEPS_PER_EPOCH = 5
EPOCHS = 4
STEPS = EPOCHS * STEPS_PER_EPOCH
PEAK = 0.5

NAMES = [name for name in OPTIMIZERS if name[0].isupper()]
ARGUMENTS = {
    "defaults": "{}",
    "clipnorm": "{learning_rate: 0.01, clipnorm: 1.0}",
    "clipvalue": "{learning_rate: 0.01, clipvalue: 0.5}",
    "global_clipnorm": "{learning_rate: 0.01, global_clipnorm: 1.0}",
    "weight_decay": "{learning_rate: 0.01, weight_decay: 0.01}",
    "use_ema": "{learning_rate: 0.01, use_ema: true, ema_momentum: 0.9}",
    "accumulation": "{learning_rate: 0.01, gradient_accumulation_steps: 2}",
}


def half_cosine(fraction: float) -> float:
    return (1 + math.cos(math.pi * fraction)) / 2


def rates_in_steps(plan: Plan) -> list[float]:
    """Return the learning rate of each step of a training."""
    optimizer = make_optimizer(plan.recipe.train, STEPS_PER_EPOCH)
    weight = keras.Variable([1.0])
    rates = []
    for _ in range(STEPS):
        rates.append(float(optimizer.learning_rate))
        before = float(weight[0])
        optimizer.apply([tf.constant([1.0])], [weight])
        assert before - float(weight[0]) == pytest.approx(rates[-1], abs=1e-5)
    return rates


@pytest.mark.parametrize(
    ("schedule", "by_hand"),
    [
        ("null", lambda step: 1.0),
        ("Constant", lambda step: 1.0),
        ("{ReduceLROnPlateau: {factor: 0.5}}", lambda step: 1.0),
        ("{Constant: {warmup_epochs: 1}}", lambda step: min(1.0, step / 5)),
        ("{Constant: {warmup_epochs: 0.4}}", lambda step: min(1.0, step / 2)),
        ("{Step: {epochs: [1, 3]}}", lambda step: 1.0 if step < 5 else 0.1 if step < 15 else 0.01),
        ("{Step: {epochs: [0.6], factor: 0.5}}", lambda step: 1.0 if step < 3 else 0.5),
        ("{Step: {epochs: [9]}}", lambda step: 1.0),
        ("{Exponential: {factor: 0.5}}", lambda step: 0.5 ** (step / 5)),
        ("Cosine", lambda step: half_cosine(step / 20)),
        ("{Cosine: {final_fraction: 0.1}}", lambda step: 0.1 + 0.9 * half_cosine(step / 20)),
        (
            "{Cosine: {warmup_epochs: 1}}",
            lambda step: step / 5 if step < 5 else half_cosine((step - 5) / 15),
        ),
        (
            "{Cosine: {warmup_epochs: 2, final_fraction: 0.2}}",
            lambda step: step / 10 if step < 10 else 0.2 + 0.8 * half_cosine((step - 10) / 10),
        ),
        (
            "OneCycle",
            lambda step: 0.04 + 0.96 * step / 6 if step < 6 else half_cosine((step - 6) / 14),
        ),
        (
            "{OneCycle: {warmup_fraction: 0.5, start_fraction: 0.2, final_fraction: 0.1}}",
            lambda step: (
                0.2 + 0.8 * step / 10 if step < 10 else 0.1 + 0.9 * half_cosine((step - 10) / 10)
            ),
        ),
        (
            "Triangle",
            lambda step: 0.2 + 0.8 * step / 5 if step < 5 else 1 - 0.93 * (step - 5) / 15,
        ),
        (
            "{Triangle: {peak_fraction: 0.5, start_fraction: 0, final_fraction: 0.5}}",
            lambda step: step / 10 if step < 10 else 1 - 0.5 * (step - 10) / 10,
        ),
    ],
)
def test_the_rate_of_every_step(
    schedule: str, by_hand: Callable[[int], float], make_plan: Callable[..., Plan]
) -> None:
    plan = make_plan(
        f"train.epochs={EPOCHS}",
        f"train.optimizer={{SGD: {{learning_rate: {PEAK}}}}}",
        f"train.learning_rate_schedule={schedule}",
        "data.validation=0.1",
    )
    expected = [PEAK * by_hand(step) for step in range(STEPS)]
    np.testing.assert_allclose(rates_in_steps(plan), expected, rtol=1e-5, atol=1e-7)


def test_a_schedule_counts_batches_when_gradients_are_accumulated(
    make_plan: Callable[..., Plan],
) -> None:
    plan = make_plan(
        "train.epochs=4",
        "train.optimizer={SGD: {learning_rate: 1.0, gradient_accumulation_steps: 2}}",
        "train.learning_rate_schedule=Cosine",
    )
    optimizer = make_optimizer(plan.recipe.train, STEPS_PER_EPOCH)
    weight = keras.Variable([1.0])
    for _ in range(STEPS // 2):
        optimizer.apply([tf.constant([1.0])], [weight])
    assert float(optimizer.learning_rate) == pytest.approx(0.5)


def test_a_schedule_starts_from_the_default_rate_of_keras(
    make_plan: Callable[..., Plan],
) -> None:
    plan = make_plan("train.optimizer=SGD", "train.learning_rate_schedule=Cosine")
    optimizer = make_optimizer(plan.recipe.train, STEPS_PER_EPOCH)
    assert float(optimizer.learning_rate) == pytest.approx(0.01)


def test_passes_arguments_to_keras(make_plan: Callable[..., Plan]) -> None:
    plan = make_plan("train.optimizer={AdamW: {learning_rate: 3e-4, weight_decay: 0.05}}")
    optimizer = make_optimizer(plan.recipe.train, STEPS_PER_EPOCH)
    assert type(optimizer) is keras.optimizers.AdamW
    assert optimizer.weight_decay == 0.05
    assert optimizer.beta_2 == keras.optimizers.AdamW().beta_2


# Keras computes these arguments alike for all optimizers; the slow tests combine the rest.
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param(
            name,
            ARGUMENTS[of],
            id=f"{name}-{of}",
            marks=() if of == "defaults" or name in ("SGD", "Muon") else pytest.mark.slow,
        )
        for name in NAMES
        for of in ARGUMENTS
    ],
)
def test_every_optimizer_lowers_the_loss(
    name: str, arguments: str, make_plan: Callable[..., Plan]
) -> None:
    plan = make_plan(
        "model.layers=[{Conv2D: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: 10}}]",
        f"train.optimizer={{{name}: {arguments}}}",
        "train.learning_rate_schedule={OneCycle: {start_fraction: 0.5}}",
    )
    assert_learns(plan)


# Ftrl divides by the rate: a rise from nothing is refused.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "Ftrl"])
def test_every_optimizer_accepts_a_warmup_from_0(name: str, make_plan: Callable[..., Plan]) -> None:
    plan = make_plan(
        f"train.optimizer={name}", "train.learning_rate_schedule={Constant: {warmup_epochs: 0.4}}"
    )
    assert_learns(plan)


def assert_learns(plan: Plan) -> None:
    keras.utils.set_random_seed(0)
    model, loss = build_model(plan), make_loss(plan)
    optimizer = make_optimizer(plan.recipe.train, STEPS_PER_EPOCH)
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), np.uint8)
    labels = np.arange(10)
    losses = []
    for _ in range(8):
        with tf.GradientTape() as tape:
            value = loss(labels, model(images))
        losses.append(float(value))
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(value, variables), variables)
    losses.append(float(loss(labels, model(images))))
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]
