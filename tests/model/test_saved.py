"""Models on disk: Keras alone reads them, and they answer as before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.model.build import build_model
from kcnn.model.plan import plan_network
from kcnn.model.saved import load_model, save_model

LAYERS = """\
- Conv2D: {filters: 4, kernel_size: 3, padding: 1, use_bias: false, kernel_initializer: Dirac}
- BatchNormalization: {momentum: 0.5, epsilon: 0.01}
- ReLU
- Residual: {body: [{Conv2D: {filters: 4, kernel_size: 1}}, BatchNormalization]}
- Conv2D: {filters: 6, kernel_size: 8, activation: gelu}
- Flatten
- Dense: {units: 10}
"""
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3)).astype(np.uint8)


class OfOneself(keras.optimizers.SGD):
    """An optimizer that Keras cannot make again."""


def saved(make_recipe, path: Path) -> keras.Model:
    recipe = make_recipe(LAYERS, "data.scaling=standard")
    statistics = ([120.0, 110.0, 100.0], [60.0, 50.0, 40.0])
    model = build_model(plan_network(recipe, (8, 8, 3), 10), statistics, compiled=True)
    model.compile(OfOneself(), "mse")
    model.fit(IMAGES, np.zeros((5, 10)), verbose=0)
    save_model(model, path)
    return model


def test_a_saved_model_answers_as_it_did(make_recipe, tmp_path: Path) -> None:
    model = saved(make_recipe, tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    assert all(type(layer).__module__.startswith("keras.") for layer in loaded.layers)
    np.testing.assert_allclose(loaded(IMAGES), model(IMAGES), rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_keras_reads_it_without_kcnn(make_recipe, tmp_path: Path) -> None:
    model = saved(make_recipe, tmp_path / "model.keras")
    np.save(tmp_path / "images.npy", IMAGES)
    script = (
        "import keras, numpy, sys\n"
        "model = keras.saving.load_model('model.keras')\n"
        "numpy.save('answers.npy', model(numpy.load('images.npy')))\n"
        "assert not any(name.startswith('kcnn') for name in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(
        np.load(tmp_path / "answers.npy"), model(IMAGES), rtol=1e-5, atol=1e-6
    )
