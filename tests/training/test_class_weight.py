"""The weights of classes in a training, against Keras's own `class_weight`."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from kcnn.data.dataset import Dataset
from kcnn.data.pipeline import evaluation_batches, training_batches
from kcnn.errors import RecipeError
from kcnn.model.build import build_model
from kcnn.model.checked_recipe import check_recipe
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.plan import Plan
from kcnn.recipe import read_recipe
from kcnn.training.fit import compile_model, seed_everything
from kcnn.training.prepare import prepare_training

WEIGHTS = {0: 3.0, 4: 0.25, 7: 10.0}  # Keras's form of the setting
ONE_HOT = "train.loss={CategoricalCrossentropy: {label_smoothing: 0.1}}"


def compiled(plan: Plan, policy: str) -> keras.Model:
    seed_everything(0)
    with dtype_policy(policy):
        model = build_model(plan)
        compile_model(plan, model, 4)
    return model


@pytest.mark.parametrize(
    ("settings", "policy"),
    [
        ([], "float32"),
        ([ONE_HOT], "float32"),
        (["train.optimizer={SGD: {gradient_accumulation_steps: 2}}"], "float32"),
        ([], "mixed_bfloat16"),
    ],
    ids=["sparse", "label smoothing", "accumulation", "bfloat16"],
)
def test_training_is_that_of_keras_with_class_weight(
    settings: list[str], policy: str, make_plan: Callable[..., Plan], digits: Dataset
) -> None:
    plan = make_plan("model.layers=[Flatten, {Dense: {units: 10}}]", *settings)
    train = digits.train.first(128)
    classes = 10 if plan.recipe.train.loss.targets == "one_hot" else None
    weights = np.array([WEIGHTS.get(label, 1.0) for label in range(10)], np.float32)
    batches = training_batches(
        train, batch_size=32, epochs=2, seed=0, shuffle=False, classes=classes,
        class_weights=weights,
    )  # fmt: skip
    validation = evaluation_batches(train, 64, classes)
    ours, keras_own = compiled(plan, policy), compiled(plan, policy)
    fitted = ours.fit(
        batches, epochs=2, steps_per_epoch=4, verbose=0, shuffle=False, validation_data=validation
    )
    targets = train.labels if classes is None else np.eye(10, dtype=np.float32)[train.labels]
    expected = keras_own.fit(
        train.read_all(), targets, batch_size=32, epochs=2, verbose=0, shuffle=False,
        class_weight=WEIGHTS, validation_data=validation,
    )  # fmt: skip
    assert {*fitted.history} == {"loss", "accuracy", "val_loss", "val_accuracy"}
    for name, values in expected.history.items():
        assert fitted.history[name] == pytest.approx(values, rel=1e-6), name
    for array, same in zip(ours.get_weights(), keras_own.get_weights(), strict=True):
        np.testing.assert_allclose(array, same, rtol=1e-6, atol=1e-7)
    unweighted = compiled(plan, policy)
    unweighted.fit(train.read_all(), targets, batch_size=32, epochs=2, verbose=0, shuffle=False)
    assert not np.allclose(unweighted.get_weights()[0], ours.get_weights()[0], atol=1e-4)


def test_weights_come_from_the_images_that_are_left_for_training(notes) -> None:
    recipe = read_recipe("digits", ["data.validation=0.5", "train.class_weight=balanced"])
    prepared = prepare_training(check_recipe(recipe), None, notes)
    counts = np.bincount(prepared.train.labels)
    expected = counts.sum() / (10 * counts)
    np.testing.assert_allclose(prepared.class_weights, expected, rtol=1e-6)
    assert any(text.startswith("class weights: ") for text in notes.lines)


def test_a_class_that_does_not_exist_is_refused_before_any_image_is_read() -> None:
    settings = ["train.class_weight={automobil: 2}"]
    with pytest.raises(RecipeError) as caught:
        check_recipe(read_recipe("cifar", settings))
    assert caught.value.problems == (
        "command line, train.class_weight={automobil: 2}: train.class_weight.automobil: no such "
        "class; did you mean automobile?",
    )
    assert caught.value.hint.startswith("the classes are airplane, automobile, bird")


@pytest.mark.parametrize("value", ["balancd", "[1, 2]", "{cat: -1}", "{cat: true}", "{}", "2"])
def test_refuses_what_is_no_weight(value: str) -> None:
    with pytest.raises(RecipeError, match="balanced, or weights of at least 0 by class"):
        read_recipe("cifar", [f"train.class_weight={value}"])
