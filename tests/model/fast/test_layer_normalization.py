"""The compiled layer normalization has the results of Keras's."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.fast import layer_normalization
from kcnn.model.fast.layer_normalization import ImageNormalization

MAPS = np.random.default_rng(0).normal(3, 2, size=(6, 5, 8, 3)).astype(np.float32)


@pytest.mark.parametrize(
    "settings",
    [{}, {"scale": False}, {"center": False, "epsilon": 0.1}],
    ids=str,
)
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [("float32", 1e-5), ("mixed_bfloat16", 0.02)], ids=["32", "16"]
)
def test_values_and_gradients_equal_keras(
    settings: dict[str, object], dtype: str, tolerance: float
) -> None:
    factors = tf.constant(np.random.default_rng(1).normal(size=MAPS.shape), tf.float32)
    ours = ImageNormalization(axis=[1, 2, 3], dtype=dtype, **settings)
    expected = keras.layers.LayerNormalization(axis=[1, 2, 3], **settings)
    results = []
    for layer in (ours, expected):
        layer.build(MAPS.shape)
        layer.set_weights([np.linspace(-1, 2, 120).reshape(each.shape) for each in layer.weights])
        maps = tf.constant(MAPS)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            outputs = layer(maps)
            total = tf.reduce_sum(tf.cast(outputs, tf.float32) * factors)
        variables = [variable.value for variable in layer.trainable_variables]
        results.append([outputs, *tape.gradient(total, [maps, *variables])])
    assert results[0][0].dtype == ours.compute_dtype
    for actual, desired in zip(*results, strict=True):
        scale = np.abs(desired).max()
        np.testing.assert_allclose(
            tf.cast(actual, tf.float32) / scale, desired / scale, atol=tolerance
        )


@pytest.mark.parametrize("axis", [-1, [2, 3]], ids=str)
def test_keras_normalizes_parts_of_an_image(
    axis: int | list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_normalization, "_normalize", None)
    outputs = ImageNormalization(axis=axis)(MAPS)
    np.testing.assert_array_equal(outputs, keras.layers.LayerNormalization(axis=axis)(MAPS))
