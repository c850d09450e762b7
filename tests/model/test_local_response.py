from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.model.local_response import LocalResponseNormalization

MAPS = np.random.default_rng(0).normal(size=(2, 3, 4, 7)).astype(np.float32) * 50


def reference(maps: np.ndarray, n: int, k: float, alpha: float, beta: float) -> np.ndarray:
    """Compute the formula of section 3.3 of Krizhevsky, Sutskever and Hinton (2012)."""
    channels = maps.shape[-1]
    normalized = np.empty_like(maps)
    for i in range(channels):
        near = maps[..., max(0, i - n) : min(channels - 1, i + n) + 1]
        normalized[..., i] = maps[..., i] / (k + alpha * (near**2).sum(axis=-1)) ** beta
    return normalized


@pytest.mark.parametrize(
    ("arguments", "constants"),
    [
        ({}, (2, 2.0, 1e-4, 0.75)),
        ({"depth_radius": 1, "bias": 1.0, "alpha": 0.5, "beta": 0.5}, (1, 1.0, 0.5, 0.5)),
        ({"depth_radius": 9}, (9, 2.0, 1e-4, 0.75)),
    ],
)
def test_equals_the_paper(arguments: dict, constants: tuple) -> None:
    outputs = LocalResponseNormalization(**arguments)(MAPS)
    np.testing.assert_allclose(outputs, reference(MAPS, *constants), rtol=1e-5)


def test_has_a_gradient_in_mixed_precision() -> None:
    import tensorflow as tf

    layer = LocalResponseNormalization(dtype="mixed_bfloat16")
    inputs = tf.Variable(tf.cast(MAPS, tf.bfloat16))
    with tf.GradientTape() as tape:
        outputs = layer(inputs)
    assert outputs.dtype == tf.bfloat16
    assert np.isfinite(tf.cast(tape.gradient(outputs, inputs), tf.float32)).all()


def test_float64_equals_the_paper() -> None:
    maps = MAPS.astype(np.float64)
    outputs = LocalResponseNormalization(dtype="float64")(maps)
    np.testing.assert_allclose(outputs, reference(maps, 2, 2.0, 1e-4, 0.75), rtol=1e-12)


def test_has_the_gradient_of_the_formula() -> None:
    import tensorflow as tf

    gradients = []
    for dtype in ("float32", "float64"):
        layer = LocalResponseNormalization(dtype=dtype)
        inputs = tf.Variable(MAPS, dtype=dtype)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(inputs) ** 2)
        gradients.append(tape.gradient(loss, inputs))
    np.testing.assert_allclose(*gradients, rtol=1e-4, atol=1e-4)


def test_saves_and_loads(tmp_path: Path) -> None:
    layer = LocalResponseNormalization(depth_radius=1, bias=1.0, alpha=0.5, beta=0.5)
    model = keras.Sequential([keras.Input((3, 4, 7)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(MAPS), model(MAPS))
    assert loaded.layers[-1].get_config() == layer.get_config()


def test_keeps_the_shape() -> None:
    layer = LocalResponseNormalization()
    assert layer.compute_output_shape((None, 3, 4, 7)) == (None, 3, 4, 7)
