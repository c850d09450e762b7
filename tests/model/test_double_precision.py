from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.model.double_precision import in_float64
from kcnn.model.local_response import LocalResponseNormalization

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 4)).astype(np.float32)


def model_of(*layers: keras.Layer) -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input(IMAGES.shape[1:])
    output = keras.layers.Rescaling(1 / 255, dtype="float32")(image)
    for layer in layers:
        output = layer(output)
    return keras.Model(image, output)


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.Conv2D(6, 3, groups=2, padding="same"),
        keras.layers.Conv2D(8, 3, strides=2, groups=4, activation="relu", use_bias=False),
        keras.layers.UpSampling2D(2),
        keras.layers.UpSampling2D((3, 2), interpolation="bilinear"),
        keras.layers.UpSampling2D((1, 4), interpolation="bicubic"),
        keras.layers.UpSampling2D(2, interpolation="lanczos3"),
        keras.layers.BatchNormalization(),
        keras.layers.PReLU(alpha_initializer="normal"),
        LocalResponseNormalization(),
        keras.layers.Dense(3, dtype="float32"),
    ],
    ids=lambda layer: layer.name,
)
def test_outputs_are_equal(layer: keras.Layer) -> None:
    model = model_of(layer)
    copy = in_float64(model)
    outputs = copy(IMAGES)
    assert outputs.dtype == "float64"
    assert {weight.dtype for weight in copy.weights} <= {"float64"}
    np.testing.assert_allclose(outputs, model(IMAGES), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos5"])
def test_interpolates_with_more_digits_than_float32(interpolation: str) -> None:
    weighted = keras.layers.DepthwiseConv2D(1, depthwise_initializer="ones")
    enlarging = keras.layers.UpSampling2D(2, interpolation=interpolation)
    copy = in_float64(model_of(weighted, enlarging))
    before = np.array(copy(IMAGES))
    copy.trainable_variables[0].assign(np.full((1, 1, 4, 1), 1 + 1e-10))
    np.testing.assert_allclose((copy(IMAGES) - before) * 1e10, before, rtol=1e-4, atol=1e-4)


def test_does_not_change_the_model() -> None:
    model = model_of(keras.layers.Dense(2))
    before = model.get_weights()
    copy = in_float64(model)
    copy.trainable_variables[0].assign_add(np.ones((4, 2)))
    for weight, former in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, former)
