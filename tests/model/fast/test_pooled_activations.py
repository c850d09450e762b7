"""Activations whose gradient a pooling computes train like Keras's activations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.build import build_model
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.fast.pooled_activations import (
    AVERAGE_POOLINGS,
    MaxPoolingBehindReLU,
    ReLUBeforePooling,
    activation_before_pooling,
    find_pooled_activations,
)
from kcnn.model.feature_maps import compute_feature_maps
from kcnn.model.plan import Plan, plan_model
from kcnn.model.saved import save_model

GENERATOR = np.random.default_rng(0)
SHAPE = (4, 9, 11, 5)
MAPS = {
    "random": GENERATOR.normal(size=SHAPE),
    "ties": GENERATOR.integers(-2, 3, size=SHAPE),
    "negative": -1 - GENERATOR.random(SHAPE),
    "zeros": GENERATOR.choice([-1.0, -0.0, 0.0], size=SHAPE),
    # Below the smallest normal number of float32, and of float16.
    "subnormal": GENERATOR.choice([-1e-40, 1e-40, -6e-8, 6e-8, 0.0, 1e-5], size=SHAPE),
    "infinite": GENERATOR.choice([-np.inf, np.inf, -1.0, 0.0, 1.0], size=SHAPE),
}
WINDOWS = [
    {"pool_size": 2},
    {"pool_size": 2, "padding": "same"},
    {"pool_size": 3, "strides": 2},
    {"pool_size": 3, "strides": 2, "padding": "same"},
    {"pool_size": 2, "strides": 3},
    {"pool_size": (1, 3), "strides": (2, 1), "padding": "same"},
]

MAXIMA = """
- Conv2D: {filters: 4, kernel_size: 3, padding: same, activation: relu}
- MaxPooling2D
- Conv2D: {filters: 6, kernel_size: 3}
- BatchNormalization
- ReLU
- MaxPooling2D: {pool_size: 3, strides: 1, padding: same}
- MaxPooling2D: {pool_size: 2, strides: 1}
- DepthwiseConv2D: {kernel_size: 2}
- ReLU
- MaxPooling2D: {pool_size: 2, padding: same}
- Conv2D: {filters: 8, kernel_size: 1}
- Activation: {activation: relu}
- MaxPooling2D: {pool_size: 2, padding: same}
- Flatten
- Dense: {units: 10}
"""
MEANS = """
- Conv2D: {filters: 6, kernel_size: 5, activation: tanh}
- AveragePooling2D: {pool_size: 2}
- Conv2D: {filters: 30, kernel_size: 3}
- Activation: {activation: sigmoid}
- AveragePooling2D: {pool_size: [5, 2]}
- Flatten
- Dense: {units: 10}
"""


def output_and_gradient(layers: list[keras.Layer], maps: tf.Tensor) -> list[np.ndarray]:
    with tf.GradientTape() as tape:
        tape.watch(maps)
        outputs = maps
        for layer in layers:
            outputs = layer(outputs)
    upstream = np.random.default_rng(1).normal(size=outputs.shape)
    gradient = tape.gradient(outputs, maps, tf.cast(upstream, outputs.dtype))
    return [tf.cast(values, tf.float64).numpy() for values in (outputs, gradient)]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("kind", MAPS)
def test_relu_and_max_pooling_equal_keras(kind: str, window: dict[str, int], dtype: str) -> None:
    maps = tf.cast(MAPS[kind], dtype)
    ours = [ReLUBeforePooling(dtype=dtype), MaxPoolingBehindReLU(**window, dtype=dtype)]
    expected = [keras.layers.ReLU(dtype=dtype), keras.layers.MaxPooling2D(**window, dtype=dtype)]
    results = output_and_gradient(ours, maps), output_and_gradient(expected, maps)
    for actual, desired in zip(*results, strict=True):
        np.testing.assert_array_equal(actual, desired)  # which takes -0.0 for 0.0


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("pool_size", [2, (4, 3), (1, 2)], ids=str)
@pytest.mark.parametrize("name", AVERAGE_POOLINGS)
def test_average_pooling_equals_keras(name: str, pool_size: tuple[int, int], dtype: str) -> None:
    maps = tf.cast(np.random.default_rng(0).normal(size=(4, 8, 12, 5)), dtype)
    before = keras.layers.Activation(activation_before_pooling(name), dtype=dtype)
    ours = [before, AVERAGE_POOLINGS[name](pool_size, dtype=dtype)]
    expected = [
        keras.layers.Activation(name, dtype=dtype),
        keras.layers.AveragePooling2D(pool_size, dtype=dtype),
    ]
    outputs, gradient = output_and_gradient(ours, maps)
    desired, desired_gradient = output_and_gradient(expected, maps)
    np.testing.assert_array_equal(outputs, desired)
    digits = {"float32": 1e-6, "bfloat16": 2**-6}[dtype]
    np.testing.assert_allclose(gradient, desired_gradient, rtol=digits, atol=digits / 10)


def plan_of(make_recipe, layers: str) -> Plan:
    return plan_model(make_recipe(layers), (28, 28, 1), 10)


def fitted(plan: Plan) -> list[np.ndarray]:
    """Train a model with batches of two sizes; return its weights and predictions."""
    keras.utils.set_random_seed(0)
    model = build_model(plan, compiled=True)
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (20, 28, 28, 1)).astype(np.float32)
    labels = generator.integers(0, 10, 20)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, jit_compile=False)
    model.fit(images, labels, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return [*model.get_weights(), model.predict(images, verbose=0)]


@pytest.fixture
def with_and_without(monkeypatch: pytest.MonkeyPatch) -> Callable[[Plan], zip]:
    """Train a model with this module's layers and with Keras's, and pair the results."""

    def fit_both(plan: Plan) -> zip:
        ours = fitted(plan)
        with monkeypatch.context() as patch:
            patch.setattr("kcnn.model.build.find_pooled_activations", lambda nodes, shapes: {})
            return zip(ours, fitted(plan), strict=True)

    return fit_both


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_max_pooling_trains_like_keras_to_the_bit(
    policy: str, make_recipe, with_and_without: Callable
) -> None:
    with dtype_policy(policy):
        for actual, desired in with_and_without(plan_of(make_recipe, MAXIMA)):
            np.testing.assert_array_equal(actual, desired)


def test_average_pooling_trains_like_keras(make_recipe, with_and_without: Callable) -> None:
    for actual, desired in with_and_without(plan_of(make_recipe, MEANS)):
        np.testing.assert_allclose(actual, desired, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    "layers, kinds",
    [
        (MAXIMA, {"MaxPoolingBehindReLU": 3, "ReLUBeforePooling": 1}),
        (MEANS, {"AveragePoolingBehindTanh": 1, "AveragePoolingBehindSigmoid": 1}),
    ],
    ids=["maxima", "means"],
)
def test_saves_layers_of_keras_with_the_same_outputs(
    make_recipe, tmp_path: Path, layers: str, kinds: dict[str, int]
) -> None:
    plan = plan_of(make_recipe, layers)
    fast, plain = build_model(plan, compiled=True), build_model(plan)
    assert kinds.items() <= Counter(type(layer).__name__ for layer in fast.layers).items()
    save_model(fast, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for layer in loaded.layers:
        assert type(layer).__module__.startswith("keras.")
        if hasattr(layer, "activation"):
            assert layer.activation is plain.get_layer(layer.name).activation
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28, 1)).astype(np.float32)
    outputs = [compute_feature_maps(model, images) for model in (fast, loaded)]
    for actual, desired in zip(*outputs, strict=True):
        np.testing.assert_array_equal(actual.maps, desired.maps)


TANH = "- Activation: {activation: tanh, name: a}\n"


@pytest.mark.parametrize(
    "layers, found",
    [
        ("- ReLU: {name: a}\n- MaxPooling2D: {name: b}", "ab"),
        (TANH + "- AveragePooling2D: {name: b, pool_size: [14, 1]}", "ab"),
        # Other functions, and other layers between.
        ("- ReLU: {max_value: 6}\n- MaxPooling2D", ""),
        ("- ReLU: {negative_slope: 0.1}\n- MaxPooling2D", ""),
        (TANH + "- MaxPooling2D", ""),
        ("- ReLU\n- Dropout: {rate: 0.1}\n- MaxPooling2D", ""),
        # Windows that overlap, leave out a row, or leave out nothing.
        ("- ReLU\n- MaxPooling2D: {strides: 1}", ""),
        (TANH + "- AveragePooling2D: {pool_size: 2, strides: 1}", ""),
        (TANH + "- AveragePooling2D: {pool_size: 3, padding: same}", ""),
        # A small map.
        ("- AveragePooling2D: {pool_size: 2}\n" + TANH + "- AveragePooling2D: {pool_size: 2}", ""),
        # Another layer reads the output of the activation.
        ("- ReLU: {name: a}\n- MaxPooling2D: {name: b}\n- MaxPooling2D: {name: c, inputs: a}\n"
         "- Add: {inputs: [b, c]}", ""),
        ("- ReLU: {name: a}\n- MaxPooling2D\n- UpSampling2D: {name: b}\n- Add: {inputs: [a, b]}",
         ""),
    ],
)  # fmt: skip
def test_finds_what_only_the_pooling_reads(make_recipe, layers: str, found: str) -> None:
    convolution = "- Conv2D: {filters: 4, kernel_size: 1}\n"
    plan = plan_of(make_recipe, f"{convolution}{layers}\n- Flatten\n- Dense: {{units: 10}}")
    assert set(find_pooled_activations(plan.nodes, plan.shapes)) == set(found)


def test_only_a_single_processor_has_them(make_recipe) -> None:
    plain = build_model(plan_of(make_recipe, MEANS))
    assert type(plain.get_layer("average_pooling2d")) is keras.layers.AveragePooling2D
