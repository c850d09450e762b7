from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
import pytest
import tensorflow as tf


@pytest.fixture
def results_of() -> Callable[..., list[tf.Tensor]]:
    """Return a function that returns a layer's outputs and the gradients of inputs and weights."""

    def results(
        layer: keras.Layer, maps: tf.Tensor, weights: Sequence[np.ndarray] | None = None
    ) -> list[tf.Tensor]:
        if not layer.built:
            layer.build(maps.shape)
        if weights is not None:
            layer.set_weights(weights)
        factors = tf.constant(np.random.default_rng(1).normal(size=layer(maps).shape), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            outputs = tf.cast(layer(maps), tf.float32)
            total = tf.reduce_sum(outputs * outputs * factors)
        variables = [variable.value for variable in layer.trainable_variables]
        return [outputs, *tape.gradient(total, [maps, *variables])]

    return results
