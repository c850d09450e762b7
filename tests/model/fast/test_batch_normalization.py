"""Our batch normalizations, with a fused kernel or XLA, have the results of Keras's layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.fast.batch_normalization import FusedBatchNormalization
from kcnn.model.fast.narrow_batch_normalization import NarrowBatchNormalization
from kcnn.model.fast.whole_step import whole_step

# Far from 0, where a variance as the difference of two large numbers would be inexact.
MAPS = np.random.default_rng(0).normal(30, 2, (24, 5, 6, 3)).astype(np.float32)
# MAPS have three channels, so the second class uses XLA.
WIDE = np.repeat(MAPS, 6, axis=-1)[..., :16]
KINDS = pytest.mark.parametrize("kind", [FusedBatchNormalization, NarrowBatchNormalization])
LABELS = np.random.default_rng(1).integers(0, 3, 24)


def trained(
    kind: type[keras.layers.BatchNormalization], maps: np.ndarray = MAPS, **settings: Any
) -> tuple[list[np.ndarray], np.ndarray]:
    """Train a model with the layer; return the layer's weights and the predictions."""
    keras.utils.set_random_seed(3)
    image = keras.Input(maps.shape[1:])
    layer = kind(**settings)
    tensor = keras.layers.Flatten()(layer(image))
    model = keras.Model(image, keras.layers.Dense(3, dtype="float32")(tensor))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.05), loss, jit_compile=False)
    model.fit(maps, LABELS, batch_size=10, epochs=2, shuffle=False, verbose=0)
    return layer.get_weights(), model.predict(maps, verbose=0)


def kernels_of(layer: keras.Layer, maps: Any = MAPS, training: bool = True) -> set[str]:
    """Return the TensorFlow operations of a layer's call."""
    layer.build(maps.shape)
    signature = tf.TensorSpec(maps.shape, maps.dtype)
    function = tf.function(lambda maps: layer(maps, training=training), input_signature=[signature])
    return {operation.type for operation in function.get_concrete_function().graph.get_operations()}


@KINDS
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"momentum": 0.6, "epsilon": 0.01},
        *(
            pytest.param(settings, marks=pytest.mark.slow)
            for settings in (
                {"scale": False},
                {"center": False, "gamma_regularizer": keras.regularizers.L2(0.1)},
                {"axis": 3, "beta_constraint": keras.constraints.NonNeg()},
            )
        ),
    ],
    ids=lambda settings: ", ".join(settings) or "defaults",
)
def test_trains_and_predicts_like_keras(
    settings: dict[str, Any], kind: type[FusedBatchNormalization]
) -> None:
    ours = trained(kind, **settings)
    expected = trained(keras.layers.BatchNormalization, **settings)
    for weight, desired in zip(ours[0], expected[0], strict=True):
        np.testing.assert_allclose(weight, desired, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours[1], expected[1], rtol=1e-3, atol=1e-4)


@KINDS
def test_moving_variance_of_small_inputs_divides_by_n(
    kind: type[FusedBatchNormalization],
) -> None:
    """Use ten values per channel, where the kernel's division by n − 1 differs most."""
    maps = MAPS[:, :1, :1]
    ours = trained(kind, maps)[0]
    expected = trained(keras.layers.BatchNormalization, maps)[0]
    np.testing.assert_allclose(ours[3], expected[3], rtol=1e-5)


@KINDS
def test_variance_of_a_single_value_is_zero(kind: type[FusedBatchNormalization]) -> None:
    layer = kind(momentum=0.5)
    layer(MAPS[:1, :1, :1], training=True)
    np.testing.assert_array_equal(layer.moving_variance, [0.5, 0.5, 0.5])


@KINDS
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_has_float32_statistics(
    dtype: str, kind: type[FusedBatchNormalization]
) -> None:
    layer = kind(dtype=dtype, momentum=0.0)
    half = tf.cast(MAPS, layer.compute_dtype)
    assert layer(half, training=True).dtype == half.dtype
    whole = tf.cast(half, tf.float32).numpy()
    np.testing.assert_allclose(layer.moving_mean, whole.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, whole.var((0, 1, 2)), rtol=1e-4)


def test_training_uses_the_fused_kernel() -> None:
    assert "FusedBatchNormV3" in kernels_of(FusedBatchNormalization())
    assert "FusedBatchNormV3" not in kernels_of(keras.layers.BatchNormalization())


def test_uses_xla_unless_channels_are_a_multiple_of_16() -> None:
    assert "FusedBatchNormV3" in kernels_of(NarrowBatchNormalization(), WIDE)
    assert "FusedBatchNormV3" not in kernels_of(NarrowBatchNormalization(), MAPS)


def test_a_whole_step_has_no_fused_kernel_for_16_channels() -> None:
    with whole_step():
        assert "FusedBatchNormV3" not in kernels_of(NarrowBatchNormalization(), WIDE)


def test_a_whole_step_of_16_channels_equals_keras() -> None:
    ours, expected = NarrowBatchNormalization(), keras.layers.BatchNormalization()
    results = []
    for layer in (ours, expected):
        layer.build(WIDE.shape)

        @tf.function(jit_compile=True, autograph=False)
        def step(maps: tf.Tensor, layer: keras.Layer = layer) -> list[tf.Tensor]:
            with whole_step(), tf.GradientTape() as tape:
                tape.watch(maps)
                outputs = layer(maps, training=True)
                loss = tf.reduce_sum(outputs**3)
            sources = [maps, *(weight.value for weight in layer.trainable_variables)]
            return [outputs, *tape.gradient(loss, sources)]

        results.append([*step(tf.constant(WIDE)), *layer.get_weights()])
    for actual, desired in zip(*results, strict=True):
        np.testing.assert_allclose(actual, desired, rtol=1e-3, atol=1e-3)


def _frozen() -> FusedBatchNormalization:
    layer = FusedBatchNormalization()
    layer.trainable = False
    return layer


@pytest.mark.parametrize(
    ("make", "maps"),
    [
        (FusedBatchNormalization, MAPS[:, 0, 0]),
        (lambda: FusedBatchNormalization(axis=1), MAPS),
        (lambda: FusedBatchNormalization(epsilon=1e-6), MAPS),
        (lambda: FusedBatchNormalization(synchronized=True), MAPS),
        (lambda: FusedBatchNormalization(dtype="float64"), MAPS.astype(np.float64)),
        (_frozen, MAPS),
    ],
    ids=["vectors", "another axis", "small epsilon", "synchronized", "float64", "frozen"],
)
def test_keras_computes_what_the_kernel_does_not_support(
    make: Callable[[], FusedBatchNormalization], maps: np.ndarray
) -> None:
    assert "FusedBatchNormV3" not in kernels_of(make(), maps)


@KINDS
def test_predictions_equal_keras_exactly(kind: type[FusedBatchNormalization]) -> None:
    ours, expected = kind(), keras.layers.BatchNormalization()
    ours(MAPS, training=True)
    expected.build(MAPS.shape)
    expected.set_weights(ours.get_weights())
    np.testing.assert_array_equal(ours(MAPS), expected(MAPS))
