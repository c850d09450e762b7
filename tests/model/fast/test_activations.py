"""Compiled activations have the values, gradients and names of Keras's activations."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.fast.activations import COMPILED_ACTIVATIONS, compiled_activation
from kcnn.recipe.fields import ACTIVATIONS

# Both tails, the middle, and the corners of the piecewise ones.
VALUES = np.concatenate([np.linspace(-12, 12, 501), [-3, 0, 3]]).astype(np.float32)
NAMES = sorted(COMPILED_ACTIVATIONS)


def value_and_gradient(activation, values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(values)
        outputs = activation(values)
    return outputs, tape.gradient(outputs, values)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients_equal_keras(name: str) -> None:
    values = tf.constant(VALUES)
    ours = value_and_gradient(compiled_activation(name), values)
    expected = value_and_gradient(keras.activations.get(name), values)
    for actual, desired in zip(ours, expected, strict=True):
        np.testing.assert_allclose(actual, desired, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_is_rounded_only_once(name: str) -> None:
    half = tf.cast(VALUES, tf.bfloat16)
    ours = value_and_gradient(compiled_activation(name), half)
    exact = value_and_gradient(keras.activations.get(name), tf.cast(half, tf.float32))
    for actual, desired in zip(ours, exact, strict=True):
        assert actual.dtype == tf.bfloat16
        np.testing.assert_allclose(tf.cast(actual, tf.float32), desired, rtol=2**-8, atol=1e-6)


def test_recipes_can_name_every_compiled_activation() -> None:
    assert set(ACTIVATIONS) >= COMPILED_ACTIVATIONS


@pytest.mark.parametrize("name", NAMES)
def test_layer_config_has_keras_s_name(name: str) -> None:
    named = keras.layers.Activation(name).get_config()["activation"]
    compiled = keras.layers.Activation(compiled_activation(name))
    assert compiled.get_config()["activation"] == named
    copy = keras.layers.Activation.from_config(compiled.get_config())
    assert copy.activation is keras.activations.get(name)


def test_trains_like_keras_with_batches_of_several_sizes() -> None:
    """Train on batches of four and of two images, each of which XLA compiles."""
    weights = []
    for activation in (compiled_activation("gelu"), "gelu"):
        keras.utils.set_random_seed(0)
        image = keras.Input((4, 4, 2))
        maps = keras.layers.Conv2D(3, 3, activation=activation)(image)
        model = keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(maps)))
        model.compile(keras.optimizers.SGD(0.1), "mse", steps_per_execution=2, jit_compile=False)
        images = np.random.default_rng(0).normal(size=(14, 4, 4, 2)).astype(np.float32)
        model.fit(images, images[:, 0, 0], batch_size=4, epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for actual, desired in zip(*weights, strict=True):
        np.testing.assert_allclose(actual, desired, rtol=1e-4, atol=1e-6)
