"""Our batch normalizations against Keras's: the same numbers, by way of one kernel or of XLA."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.fast.batch_normalization import FusedBatchNormalization
from kcnn.model.fast.narrow_batch_normalization import NarrowBatchNormalization

# Far from 0, where a variance taken as a difference of two large numbers would go wrong.
MAPS = np.random.default_rng(0).normal(30, 2, (24, 5, 6, 3)).astype(np.float32)
# Three channels, so that this is XLA's work in the second.
KINDS = pytest.mark.parametrize("kind", [FusedBatchNormalization, NarrowBatchNormalization])
LABELS = np.random.default_rng(1).integers(0, 3, 24)


def trained(
    kind: type[keras.layers.BatchNormalization], maps: np.ndarray = MAPS, **settings: Any
) -> tuple[list[np.ndarray], np.ndarray]:
    """Trains a layer with a small head; gives its weights and its answers."""
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
    """Lists the TensorFlow operations of a layer's call."""
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
def test_it_learns_and_answers_as_keras_does(
    settings: dict[str, Any], kind: type[FusedBatchNormalization]
) -> None:
    ours = trained(kind, **settings)
    keras_own = trained(keras.layers.BatchNormalization, **settings)
    for one, other in zip(ours[0], keras_own[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours[1], keras_own[1], rtol=1e-3, atol=1e-4)


@KINDS
def test_the_moving_variance_counts_every_value_of_a_small_map(
    kind: type[FusedBatchNormalization],
) -> None:
    """Where the kernel's division by one value less shows most: ten values a channel."""
    maps = MAPS[:, :1, :1]
    ours = trained(kind, maps)[0]
    keras_own = trained(keras.layers.BatchNormalization, maps)[0]
    np.testing.assert_allclose(ours[3], keras_own[3], rtol=1e-5)


@KINDS
def test_a_single_value_a_channel_has_no_variance(kind: type[FusedBatchNormalization]) -> None:
    layer = kind(momentum=0.5)
    layer(MAPS[:1, :1, :1], training=True)
    np.testing.assert_array_equal(layer.moving_variance, [0.5, 0.5, 0.5])


@KINDS
@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_keeps_its_statistics_in_float32(
    dtype: str, kind: type[FusedBatchNormalization]
) -> None:
    layer = kind(dtype=dtype, momentum=0.0)
    half = tf.cast(MAPS, layer.compute_dtype)
    assert layer(half, training=True).dtype == half.dtype
    whole = tf.cast(half, tf.float32).numpy()
    np.testing.assert_allclose(layer.moving_mean, whole.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, whole.var((0, 1, 2)), rtol=1e-4)


def test_training_maps_takes_the_fused_kernel() -> None:
    assert "FusedBatchNormV3" in kernels_of(FusedBatchNormalization())
    assert "FusedBatchNormV3" not in kernels_of(keras.layers.BatchNormalization())


def test_xla_serves_what_the_kernel_is_slow_at_and_nothing_else() -> None:
    wide = np.repeat(MAPS, 6, axis=-1)[..., :16]
    assert "FusedBatchNormV3" in kernels_of(NarrowBatchNormalization(), wide)
    assert "FusedBatchNormV3" not in kernels_of(NarrowBatchNormalization(), MAPS)


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
def test_what_the_kernel_cannot_do_is_left_to_keras(
    make: Callable[[], FusedBatchNormalization], maps: np.ndarray
) -> None:
    assert "FusedBatchNormV3" not in kernels_of(make(), maps)


@KINDS
def test_answers_are_keras_s_own_to_the_last_bit(kind: type[FusedBatchNormalization]) -> None:
    ours, keras_own = kind(), keras.layers.BatchNormalization()
    ours(MAPS, training=True)
    keras_own.build(MAPS.shape)
    keras_own.set_weights(ours.get_weights())
    np.testing.assert_array_equal(ours(MAPS), keras_own(MAPS))
