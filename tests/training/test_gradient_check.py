from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.data.dataset import Dataset, Images
from kcnn.errors import TrainingError
from kcnn.model.build import build_model
from kcnn.model.double_precision import in_float64
from kcnn.model.plan import Plan
from kcnn.training.gradient_check import (
    GradientCheck,
    check_gradients,
    divide_count,
    relative_error,
)

MakePlan = Callable[..., Plan]


@pytest.fixture
def batch(digits: Dataset) -> Images:
    return digits.train.first(12)


def checked(plan: Plan, batch: Images, count: int = 40) -> GradientCheck:
    keras.utils.set_random_seed(plan.recipe.train.seed)
    return check_gradients(plan, in_float64(build_model(plan)), batch, count)


def with_layers(make_plan: MakePlan, layers: str, *settings: str) -> Plan:
    return make_plan(f"model.layers=[{layers}, Flatten, {{Dense: {{units: 10}}}}]", *settings)


def model_with(layer: keras.Layer) -> keras.Model:
    """Make a model for digits in float64 with a layer of the test in the middle."""
    keras.utils.set_random_seed(0)
    image = keras.Input((8, 8, 1), dtype="float64")
    hidden = keras.layers.Dense(6, dtype="float64")(keras.layers.Flatten(dtype="float64")(image))
    return keras.Model(image, keras.layers.Dense(10, dtype="float64")(layer(hidden)))


class Wrong(keras.layers.Layer):
    """Compute x squared, but only a fraction of its gradient."""

    def __init__(self, fraction: float) -> None:
        super().__init__(dtype="float64")
        self.fraction = fraction

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        @tf.custom_gradient
        def square(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
            return x**2, lambda upstream: self.fraction * 2 * x * upstream

        return square(inputs / 255)


class Positive(keras.layers.Layer):
    """Compute x times max(w, 0); some weights w are exactly at its kink."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        values = keras.initializers.Constant([0.0, 0.5, 0.0, -0.5, 0.0, 0.3])
        self.weight = self.add_weight(shape=(6,), initializer=values, name="factor")

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(self.weight) * inputs


@pytest.mark.parametrize(
    "layers",
    [
        "{Conv2D: {filters: 4, kernel_size: 3, activation: relu}}, MaxPooling2D",
        "{Conv2D: {filters: 4, kernel_size: 3}}, BatchNormalization, ReLU",
        "{Conv2D: {filters: 4, kernel_size: 3}}, LocalResponseNormalization",
        "{Dropout: {rate: 0.5}}, {Conv2D: {filters: 4, kernel_size: 3}}",
        "{GaussianNoise: {stddev: 1}}, {Conv2D: {filters: 4, kernel_size: 3}}",
        "{Conv2D: {filters: 4, kernel_size: 3, kernel_regularizer: {L2: {l2: 0.1}}}}",
    ],
)
def test_agrees(make_plan: MakePlan, batch: Images, layers: str) -> None:
    result = checked(with_layers(make_plan, layers), batch)
    assert result.agrees
    assert len(result.compared) > 20
    assert max(weight.error for weight in result.compared) < 1e-6


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.99, 1.001, -1.0])
def test_finds_a_wrong_gradient(make_plan: MakePlan, batch: Images, fraction: float) -> None:
    result = check_gradients(make_plan(), model_with(Wrong(fraction)), batch, 60)
    assert not result.agrees
    # Layers before the wrong layer have wrong gradients, layers after it do not.
    assert {weight.variable.split("/")[0][:5] for weight in result.disagreeing} == {"dense"}
    assert len({weight.variable.split("/")[0] for weight in result.disagreeing}) == 1
    worst = result.disagreeing[0]
    assert worst.analytic == pytest.approx(fraction * worst.numerical, rel=1e-4, abs=1e-12)
    assert worst.error == pytest.approx(abs(1 - fraction) / (abs(fraction) + 1), rel=0.05)
    assert not any(weight.finding == "kink" for weight in result.weights)


def test_the_same_layer_with_the_right_gradient(make_plan: MakePlan, batch: Images) -> None:
    assert check_gradients(make_plan(), model_with(Wrong(1.0)), batch, 60).agrees


def test_kinks_are_not_compared(make_plan: MakePlan, batch: Images) -> None:
    result = check_gradients(make_plan(), model_with(Positive(dtype="float64")), batch, 100)
    kinks = [weight for weight in result.weights if weight.finding == "kink"]
    assert [weight.index for weight in kinks] == [(0,), (2,), (4,)]
    assert {weight.variable.split("/")[-1] for weight in kinks} == {"factor"}
    assert result.agrees


def test_regularizers_count(make_plan: MakePlan, batch: Images) -> None:
    dense = "model.layers=[Flatten, {Dense: {units: 10, kernel_regularizer: {L2: {l2: %s}}}}]"
    plain, decayed = (checked(make_plan(dense % strength), batch) for strength in (0.0, 0.5))
    assert decayed.loss > plain.loss + 0.1
    assert decayed.agrees
    assert decayed.weights[0].analytic != pytest.approx(plain.weights[0].analytic, rel=0.01)


@pytest.mark.parametrize(
    "loss", ["CategoricalCrossentropy", "CategoricalHinge", "MeanSquaredError", "LogCosh"]
)
def test_uses_the_loss_of_the_recipe(make_plan: MakePlan, batch: Images, loss: str) -> None:
    assert checked(make_plan(f"train.loss={loss}"), batch).agrees


def test_some_weights_of_every_variable_are_checked(make_plan: MakePlan, batch: Images) -> None:
    plan = with_layers(make_plan, "{Conv2D: {filters: 3, kernel_size: 3}}, BatchNormalization")
    result = checked(plan, batch, 1)
    assert len(result.weights) == len({weight.variable for weight in result.weights}) == 6


def test_the_seed_chooses_the_weights(make_plan: MakePlan, batch: Images) -> None:
    layers = "{Conv2D: {filters: 3, kernel_size: 3}}, {Dropout: {rate: 0.5}}"
    first, second, other = (
        checked(with_layers(make_plan, layers, f"train.seed={seed}"), batch) for seed in (0, 0, 1)
    )
    assert first == second
    assert [weight.index for weight in other.weights] != [weight.index for weight in first.weights]


def test_dead_units_are_not_compared(make_plan: MakePlan, batch: Images) -> None:
    dead = "{Dense: {units: 4, activation: relu, bias_initializer: {Constant: {value: -99}}}}"
    plan = with_layers(make_plan, f"Flatten, {dead}")
    result = checked(plan, batch)
    hidden = [weight for weight in result.weights if weight.variable.startswith("dense/")]
    assert all(weight.zero for weight in hidden)
    assert not any(weight in result.compared for weight in hidden)


def test_restores_the_weights(make_plan: MakePlan, batch: Images) -> None:
    plan = with_layers(make_plan, "{Conv2D: {filters: 3, kernel_size: 3}}, BatchNormalization")
    model = in_float64(build_model(plan))
    check_gradients(plan, model, batch, 40)
    before = [np.array(variable) for variable in model.trainable_variables]
    check_gradients(plan, model, batch, 40)
    for former, variable in zip(before, model.trainable_variables, strict=True):
        np.testing.assert_array_equal(former, variable)


def test_refuses_a_model_without_weights(make_plan: MakePlan, batch: Images) -> None:
    plan = make_plan("model.layers=[Flatten, {Dense: {units: 10, trainable: false}}]")
    with pytest.raises(TrainingError, match=r"tiny\.yaml: the network has no trainable weights"):
        checked(plan, batch)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_refuses_a_loss_that_is_not_finite(make_plan: MakePlan, batch: Images) -> None:
    huge = "{Dense: {units: 10, kernel_initializer: {Constant: {value: 1.0e+30}}, "
    huge += "kernel_regularizer: {L2: {l2: 1.0e+300}}}}"
    plan = make_plan(f"model.layers=[Flatten, {huge}]")
    with pytest.raises(
        TrainingError, match=r"tiny\.yaml: the loss or its gradient is not a finite"
    ):
        checked(plan, batch)


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [
        ([100, 100], 10, [5, 5]),
        ([100, 2, 100], 12, [5, 2, 5]),
        ([3, 2], 300, [3, 2]),
        ([50, 50, 50], 1, [1, 1, 1]),
        ([10], 4, [4]),
    ],
)
def test_divide_count(sizes: list[int], count: int, expected: list[int]) -> None:
    assert divide_count(sizes, count) == expected


def test_relative_error() -> None:
    assert relative_error(3.0, 1.0, 0.0) == 0.5
    assert relative_error(1e-12, -1e-12, 1e-9) == pytest.approx(2e-8)
    assert relative_error(0.0, 0.0, 1e-9) == 0
    assert relative_error(0.0, 0.0, 0.0) == 0  # where the loss itself is 0
