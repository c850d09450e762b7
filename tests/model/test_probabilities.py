from __future__ import annotations

import keras
import numpy as np
import pytest

from kcnn.model.probabilities import probability_model


def make(*layers: keras.Layer) -> keras.Model:
    image = keras.Input((4, 4, 1), name="image")
    output = keras.layers.Flatten()(image)
    for layer in layers:
        output = layer(output)
    return keras.Model(image, output)


IMAGES = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 1), np.uint8)


@pytest.mark.parametrize(
    "last",
    [
        [keras.layers.Dense(3, activation="softmax")],
        [keras.layers.Dense(3, activation="sigmoid")],
        [keras.layers.Dense(3), keras.layers.Activation("softmax")],
        [keras.layers.Dense(3), keras.layers.Softmax()],
    ],
)
def test_model_with_probabilities_is_unchanged(last) -> None:
    model = make(*last)
    assert probability_model(model) is model


@pytest.mark.parametrize("name", ["logits", "probabilities"])
def test_adds_a_softmax_to_logits(name) -> None:
    model = make(keras.layers.Dense(3, name=name))
    logits = model.predict(IMAGES / 255.0, verbose=0)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    outputs = probability_model(model).predict(IMAGES / 255.0, verbose=0)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5)


def test_softmax_is_float32_under_mixed_precision() -> None:
    model = make(keras.layers.Dense(3, dtype="mixed_bfloat16"))
    added = probability_model(model)
    assert added.layers[-1].name == "probabilities"
    assert added.output.dtype == "float32"
