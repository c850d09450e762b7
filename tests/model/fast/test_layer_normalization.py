"""The compiled layer normalization has the results of Keras's."""

from __future__ import annotations

from collections.abc import Callable

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
    results_of: Callable, settings: dict[str, object], dtype: str, tolerance: float
) -> None:
    ours = ImageNormalization(axis=[1, 2, 3], dtype=dtype, **settings)
    expected = keras.layers.LayerNormalization(axis=[1, 2, 3], **settings)
    maps = tf.constant(MAPS)
    assert ours(maps).dtype == ours.compute_dtype
    weights = [np.linspace(-1, 2, 120).reshape(each.shape) for each in ours.weights]
    results = [results_of(layer, maps, weights) for layer in (ours, expected)]
    for actual, desired in zip(*results, strict=True):
        scale = np.abs(desired).max()
        np.testing.assert_allclose(actual / scale, desired / scale, atol=tolerance)


@pytest.mark.parametrize("axis", [-1, [2, 3]], ids=str)
def test_keras_normalizes_parts_of_an_image(
    axis: int | list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer_normalization, "_normalize", None)
    outputs = ImageNormalization(axis=axis)(MAPS)
    np.testing.assert_array_equal(outputs, keras.layers.LayerNormalization(axis=axis)(MAPS))
