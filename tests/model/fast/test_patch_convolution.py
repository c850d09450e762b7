"""The product of patches and kernel has the results of Keras's convolution."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf

from kcnn.model.fast.channel_sums import channel_sums
from kcnn.model.fast.patch_convolution import PatchConvolution
from kcnn.model.fast.whole_step import whole_step

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 4, 5])
@pytest.mark.parametrize("strides", [1, (2, 3)], ids=str)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    "settings",
    [{"kernel_size": (3, 2)}, {"kernel_size": 5, "use_bias": False, "activation": "tanh"},
     {"kernel_size": 2, "dilation_rate": 2}, {"kernel_size": (2, 3), "dilation_rate": (3, 1)},
     {"kernel_size": 1}],
    ids=str,
)  # fmt: skip
def test_values_and_gradients_equal_keras(
    results_of: Callable,
    settings: dict[str, object],
    padding: str,
    strides: int | tuple[int, int],
    channels: int,
) -> None:
    if "dilation_rate" in settings and strides != 1:
        pytest.skip("Keras has no convolution with both")
    maps = tf.constant(RANDOM.normal(size=(6, 9, 11, channels)), tf.float32)
    ours = PatchConvolution(7, strides=strides, padding=padding, **settings)
    expected = keras.layers.Conv2D(7, strides=strides, padding=padding, **settings)
    with whole_step():
        results = [results_of(ours, maps)]
    results.append(results_of(expected, maps, ours.get_weights()))
    for actual, desired in zip(*results, strict=True):
        np.testing.assert_allclose(actual, desired, rtol=1e-4, atol=1e-4)


def test_values_and_gradients_in_bfloat16_are_rounded_once() -> None:
    layer = PatchConvolution(7, 3, dtype="mixed_bfloat16")
    maps = tf.constant(RANDOM.normal(size=(6, 9, 11, 5)), tf.bfloat16)
    layer.build(maps.shape)
    layer.bias.assign(RANDOM.normal(size=7))
    kernel, bias = (tf.cast(tf.cast(weight, tf.bfloat16), tf.float32) for weight in layer.weights)
    with whole_step(), tf.GradientTape() as tape:
        outputs = layer(maps)
        total = tf.reduce_sum(tf.cast(outputs, tf.float32))
    assert outputs.dtype == tf.bfloat16
    exact = tf.nn.conv2d(tf.cast(maps, tf.float32), kernel, 1, "VALID") + bias
    np.testing.assert_allclose(tf.cast(outputs, tf.float32), exact, rtol=2**-7, atol=2**-7)
    # A sum in bfloat16 would end at 256, where adding 1 changes nothing.
    (of_bias,) = tape.gradient(total, [layer.bias.value])
    np.testing.assert_array_equal(of_bias, np.full(7, 6 * 7 * 9, np.float32))


def test_keras_computes_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatchConvolution, "_convolve_patches", None)
    maps = RANDOM.normal(size=(2, 5, 6, 6)).astype(np.float32)
    ours, expected = PatchConvolution(3, 2, groups=3), keras.layers.Conv2D(3, 2, groups=3)
    expected.build(maps.shape)
    with whole_step():
        outputs = ours(maps)
    expected.set_weights(ours.get_weights())
    np.testing.assert_array_equal(outputs, expected(maps))


def test_is_keras_outside_a_whole_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PatchConvolution, "_convolve_patches", None)
    layer = PatchConvolution(3, 2)
    assert layer(tf.zeros((1, 4, 4, 1))).shape == (1, 3, 3, 3)
    with whole_step(), pytest.raises(TypeError):
        layer(tf.zeros((1, 4, 4, 1)))


@pytest.mark.parametrize("shape", [(100, 12, 12, 10), (7, 11, 3), (13, 2), (1, 1, 1, 4)], ids=str)
def test_channel_sums(shape: tuple[int, ...]) -> None:
    maps = RANDOM.normal(size=shape).astype(np.float32)
    expected = maps.reshape(-1, shape[-1]).sum(axis=0, dtype=np.float64)
    np.testing.assert_allclose(channel_sums(tf.constant(maps)), expected, rtol=1e-4, atol=1e-4)
