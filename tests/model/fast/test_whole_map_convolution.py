"""The matrix product has the results of Keras's convolution."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.fast.whole_map_convolution import WholeMapConvolution

MAPS = np.random.default_rng(0).normal(size=(6, 3, 5, 4)).astype(np.float32)


@pytest.mark.parametrize("settings", [{}, {"use_bias": False, "activation": "tanh"}], ids=str)
def test_values_and_gradients_equal_keras(
    results_of: Callable, settings: dict[str, object]
) -> None:
    ours = WholeMapConvolution(7, (3, 5), **settings)
    expected = keras.layers.Conv2D(7, (3, 5), **settings)
    maps = tf.constant(MAPS)
    results = [results_of(ours, maps)]
    results.append(results_of(expected, maps, ours.get_weights()))
    assert results[0][0].shape == (6, 1, 1, 7)
    for actual, desired in zip(*results, strict=True):
        np.testing.assert_allclose(actual, desired, rtol=1e-4, atol=1e-5)
