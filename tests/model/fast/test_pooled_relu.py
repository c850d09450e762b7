"""A ReLU whose gradient is computed behind max pooling trains as Keras's, to the bit."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.build import build_model
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.fast.pooled_relu import (
    MaxPoolingBehindReLU,
    ReLUBeforePooling,
    find_pooled_relus,
)
from kcnn.model.feature_maps import compute_feature_maps
from kcnn.model.graph import unfold
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

NET = """
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
def test_outputs_and_gradients_are_keras_s(kind: str, window: dict[str, int], dtype: str) -> None:
    maps = tf.cast(MAPS[kind], dtype)
    ours = [ReLUBeforePooling(dtype=dtype), MaxPoolingBehindReLU(**window, dtype=dtype)]
    keras_s = [keras.layers.ReLU(dtype=dtype), keras.layers.MaxPooling2D(**window, dtype=dtype)]
    results = output_and_gradient(ours, maps), output_and_gradient(keras_s, maps)
    for actual, desired in zip(*results, strict=True):
        np.testing.assert_array_equal(actual, desired)  # which takes -0.0 for 0.0


def plan_of(make_recipe, layers: str) -> Plan:
    return plan_model(make_recipe(layers), (12, 12, 1), 10)


def fitted(model: keras.Model) -> list[np.ndarray]:
    """Train a model for a few steps, and return its weights and predictions."""
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (24, 12, 12, 1)).astype(np.float32)
    labels = generator.integers(0, 10, 24)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, jit_compile=False)
    model.fit(images, labels, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return [*model.get_weights(), model.predict(images, verbose=0)]


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_trains_to_the_bit_as_without_it(
    policy: str, make_recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, results = plan_of(make_recipe, NET), []
    for choose in (find_pooled_relus, lambda nodes: set()):
        monkeypatch.setattr("kcnn.model.build.find_pooled_relus", choose)
        keras.utils.set_random_seed(0)
        with dtype_policy(policy):
            model = build_model(plan, compiled=True)
        results.append(fitted(model))
    for actual, desired in zip(*results, strict=True):
        np.testing.assert_array_equal(actual, desired)


def test_saves_keras_s_own_layers(make_recipe, tmp_path: Path) -> None:
    plan = plan_of(make_recipe, NET)
    fast = build_model(plan, compiled=True)
    kinds = [type(layer).__name__ for layer in fast.layers]
    assert kinds.count("MaxPoolingBehindReLU") == 3 and kinds.count("ReLUBeforePooling") == 1
    save_model(fast, tmp_path / "model.keras")
    loaded, plain = keras.models.load_model(tmp_path / "model.keras"), build_model(plan)
    for layer in loaded.layers:
        assert type(layer).__module__.startswith("keras.")
        if hasattr(layer, "activation"):
            assert layer.activation is plain.get_layer(layer.name).activation
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 12, 1)).astype(np.float32)
    np.testing.assert_allclose(loaded(images), fast(images), rtol=1e-5, atol=1e-5)


def test_layers_have_keras_s_outputs(make_recipe) -> None:
    plan = plan_of(make_recipe, NET)
    fast, plain = build_model(plan, compiled=True), build_model(plan)
    fast.set_weights(plain.get_weights())
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 12, 1)).astype(np.float32)
    outputs = [compute_feature_maps(model, images) for model in (fast, plain)]
    assert len(outputs[0]) == 13
    for actual, desired in zip(*outputs, strict=True):
        np.testing.assert_array_equal(actual.maps, desired.maps)


@pytest.mark.parametrize(
    "layers, found",
    [
        ("- ReLU\n- MaxPooling2D", {"re_lu", "max_pooling2d"}),
        ("- ReLU: {max_value: 6}\n- MaxPooling2D", set()),
        ("- ReLU: {negative_slope: 0.1}\n- MaxPooling2D", set()),
        ("- Activation: {activation: tanh}\n- MaxPooling2D", set()),
        ("- ReLU\n- Dropout: {rate: 0.1}\n- MaxPooling2D", set()),
        ("- ReLU\n- AveragePooling2D: {pool_size: 2}", set()),
        # Nothing to win.
        ("- ReLU\n- MaxPooling2D: {strides: 1}", set()),
        # Another layer reads what ReLU returns.
        ("- ReLU: {name: a}\n- MaxPooling2D: {name: b}\n- MaxPooling2D: {name: c, inputs: a}\n"
         "- Add: {inputs: [b, c]}", set()),
        ("- ReLU: {name: a}\n- MaxPooling2D\n- UpSampling2D: {name: b}\n- Add: {inputs: [a, b]}",
         set()),
    ],
)  # fmt: skip
def test_finds_what_only_the_pooling_reads(make_recipe, layers: str, found: set[str]) -> None:
    assert find_pooled_relus(unfold(make_recipe(layers))) == found
