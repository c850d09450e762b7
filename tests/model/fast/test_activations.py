"""Compiled activations against Keras's own: the same values and slopes, the same name."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.fast.activations import OF_SEVERAL_PASSES, compiled_activation
from kcnn.recipe.fields import ACTIVATIONS

# Both tails, the middle, and the corners of the piecewise ones.
VALUES = np.concatenate([np.linspace(-12, 12, 501), [-3, 0, 3]]).astype(np.float32)
NAMES = sorted(OF_SEVERAL_PASSES)


def value_and_slope(activation, values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    with tf.GradientTape() as tape:
        tape.watch(values)
        outputs = activation(values)
    return outputs, tape.gradient(outputs, values)


@pytest.mark.parametrize("name", NAMES)
def test_values_and_slopes_are_keras_s(name: str) -> None:
    values = tf.constant(VALUES)
    ours = value_and_slope(compiled_activation(name), values)
    keras_own = value_and_slope(keras.activations.get(name), values)
    for one, other in zip(ours, keras_own, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_bfloat16_is_rounded_once_at_the_end(name: str) -> None:
    half = tf.cast(VALUES, tf.bfloat16)
    ours = value_and_slope(compiled_activation(name), half)
    exact = value_and_slope(keras.activations.get(name), tf.cast(half, tf.float32))
    for one, other in zip(ours, exact, strict=True):
        assert one.dtype == tf.bfloat16
        np.testing.assert_allclose(tf.cast(one, tf.float32), other, rtol=2**-8, atol=1e-6)


def test_every_one_is_an_activation_of_recipes() -> None:
    assert set(ACTIVATIONS) >= OF_SEVERAL_PASSES


@pytest.mark.parametrize("name", NAMES)
def test_a_layer_keeps_keras_s_name_of_it(name: str) -> None:
    named = keras.layers.Activation(name).get_config()["activation"]
    compiled = keras.layers.Activation(compiled_activation(name))
    assert compiled.get_config()["activation"] == named
    copy = keras.layers.Activation.from_config(compiled.get_config())
    assert copy.activation is keras.activations.get(name)


def test_it_trains_inside_keras_s_step_whatever_the_batch() -> None:
    """Batches of four and of two, each of which XLA compiles anew."""
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
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)
