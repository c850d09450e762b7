"""The phases of a training, and what fine-tuning unfreezes."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest

from kcnn.model.plan import Plan, plan_model
from kcnn.recipe import read_recipe
from kcnn.recipe.layers import Flatten
from kcnn.training.optimizers.build import make_optimizer
from kcnn.training.phases import Phase, fine_tuning_phase, rest_in_training, unfreeze


@pytest.fixture
def plan(tiny, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Plan a recipe that fine-tunes; its Flatten passes for an Application."""
    monkeypatch.setattr(Flatten, "is_application", True)
    overrides = [
        "train.fine_tune={epochs: 3, unfreeze: 2, learning_rate: 1e-4}", "train.lookahead={}",
    ]  # fmt: skip
    return plan_model(read_recipe(tiny, overrides), (8, 8, 1), 10)


def application(trainable: bool = False) -> keras.Model:
    image = keras.Input((4,))
    inner = keras.Sequential(
        [keras.Input((4,)), *(keras.layers.Dense(4, name=f"d{n}") for n in range(4))], name="app"
    )
    inner.trainable = trainable
    return keras.Model(image, keras.layers.Dense(2, name="head")(inner(image, training=False)))


def test_fine_tuning_follows_with_a_constant_rate_and_a_new_optimizer(plan: Plan) -> None:
    first, second = Phase(plan), fine_tuning_phase(plan, after=4)
    assert (first.number, first.after, first.last_epoch, first.all_epochs) == (1, 0, 5, 8)
    assert (second.number, second.after, second.last_epoch, second.all_epochs) == (2, 4, 7, 7)
    train = second.plan.recipe.train
    assert train.learning_rate_schedule is None
    assert train.lookahead is None
    optimizer = make_optimizer(train, 10)
    assert isinstance(optimizer, keras.optimizers.AdamW)
    assert np.isclose(float(optimizer.learning_rate), 1e-4)
    assert second.plan.recipe.origin is plan.recipe.origin


def test_only_the_last_layers_are_unfrozen(plan: Plan) -> None:
    model = application()
    assert [weight.path for weight in model.trainable_variables] == ["head/kernel", "head/bias"]
    fine_tuning = unfreeze(fine_tuning_phase(plan, after=4), model)
    trained = [weight.path.split("/")[-2] for weight in model.trainable_variables]
    assert trained == ["d2", "d2", "d3", "d3", "head", "head"]
    assert fine_tuning.as_json() == {
        "after_epoch": 4, "unfrozen": 2, "trainable_parameters": 2 * 20 + 10,
        "learning_rate": 1e-4,
    }  # fmt: skip
    assert "50 weights in all, at a learning rate of 0.0001" in fine_tuning.in_words


def test_an_application_rests_in_training_even_when_it_is_unfrozen(plan: Plan) -> None:
    image = keras.Input((4,))
    layers = [keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    inner = keras.Sequential(layers, name="flatten")  # as the layer that passes for an Application
    model = keras.Model(image, keras.layers.Dense(2)(inner(image, training=False)))
    batch = np.random.default_rng(0).normal(size=(8, 4))
    # Keras overrides training=False; should this fail one day, `rest_in_training` can go.
    assert not np.allclose(model(batch, training=True), model(batch, training=False))
    rest_in_training(plan, model)
    np.testing.assert_array_equal(model(batch, training=True), model(batch, training=False))
    before = np.array(inner.layers[0].moving_mean)
    model.compile("sgd", "mse")
    model.fit(batch, np.zeros((8, 2)), verbose=0)
    np.testing.assert_array_equal(inner.layers[0].moving_mean, before)


def test_layers_that_were_trained_before_still_are(plan: Plan) -> None:
    model = application(trainable=True)
    assert unfreeze(fine_tuning_phase(plan, after=4), model).unfrozen == 4


def test_all_layers_can_be_unfrozen(plan: Plan) -> None:
    every = plan.recipe.train.fine_tune.model_copy(update={"unfreeze": True})
    train = plan.recipe.train.model_copy(update={"fine_tune": every})
    plan = replace(plan, recipe=plan.recipe.model_copy(update={"train": train}))
    model = application()
    fine_tuning = unfreeze(fine_tuning_phase(plan, after=4), model)
    assert (fine_tuning.unfrozen, fine_tuning.trainable_parameters) == (4, 4 * 20 + 10)
    assert len(model.trainable_variables) == len(model.variables)


def test_weights_that_a_multiplier_of_0_freezes_are_not_counted(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    multipliers = {"head/kernel": 0.0, "head/bias": 0.5}
    monkeypatch.setattr(Plan, "learning_rate_multipliers", multipliers)
    fine_tuning = unfreeze(fine_tuning_phase(plan, after=4), application())
    assert fine_tuning.trainable_parameters == 2 * 20 + 2


def test_an_application_that_is_trained_from_scratch_does_not_rest(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flatten, "is_from_scratch", True)
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5)], name="flatten")
    model = keras.Sequential([keras.Input((4,)), inner])
    rest_in_training(plan, model)
    batch = np.ones((8, 4), np.float32)
    assert not np.array_equal(model(batch, training=True), batch)
