from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.export import keras_file
from kcnn.export.format import Options
from kcnn.export.runtimes.keras import load, version
from kcnn.export.source import Source
from kcnn.model.local_response import LocalResponseNormalization

layers = keras.layers
IMAGES = np.random.default_rng(0).integers(0, 256, (5, 6, 5, 3), np.uint8)


def classifier(*between: keras.Layer) -> keras.Model:
    """Return a model with random weights that are not 0."""
    keras.utils.set_random_seed(3)
    image = keras.Input((6, 5, 3), name="image")
    outputs = layers.Rescaling(1 / 255)(image)
    first = layers.Conv2D(7, 3, padding="same", activation="relu")
    for layer in [first, *between, layers.Flatten(), layers.Dense(3, activation="softmax")]:
        outputs = layer(outputs)
    model = keras.Model(image, outputs, name="net")
    random = np.random.default_rng(1)
    for weight in model.trainable_variables:
        weight.assign(random.normal(0, 0.3, weight.shape))
    return model


def write(model: keras.Model, folder: Path) -> Path:
    path = folder / "model.keras"
    keras_file.write(Source(model, folder, ("cat", "döner", "x")), Options(), path)
    return path


def predict(model: keras.Model) -> np.ndarray:
    return np.asarray(model(IMAGES.astype(np.float32), training=False))


NORMALIZATIONS = [
    LocalResponseNormalization(),
    LocalResponseNormalization(depth_radius=1, bias=1.0, alpha=0.5, beta=0.5),
    LocalResponseNormalization(depth_radius=9, alpha=0.3),
]
LOADING = """\
import sys
sys.modules["kcnn"] = None
import keras, numpy
model = keras.models.load_model("model.keras")
numpy.save("predicted.npy", model.predict(numpy.load("images.npy"), verbose=0))
"""


@pytest.mark.slow
def test_plain_keras_loads_it_without_custom_objects(tmp_path: Path) -> None:
    model = classifier(*NORMALIZATIONS, layers.BatchNormalization())
    write(model, tmp_path)
    np.save(tmp_path / "images.npy", IMAGES)
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-P", "-c", LOADING], cwd=tmp_path, env=environment, check=True)
    expected = predict(model)
    assert np.ptp(expected, axis=0).max() > 0.01
    np.testing.assert_allclose(np.load(tmp_path / "predicted.npy"), expected, atol=1e-6)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_normalizes_local_responses_by_operations_of_keras(
    normalization: keras.Layer, tmp_path: Path
) -> None:
    model = classifier(normalization)
    expected = predict(model)
    loaded = keras.models.load_model(write(model, tmp_path))
    assert not any(type(layer).__module__.startswith("kcnn") for layer in loaded.layers)
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in model.layers]
    assert loaded.count_params() == model.count_params()
    np.testing.assert_allclose(predict(loaded), expected, atol=1e-6)
    np.testing.assert_array_equal(predict(model), expected)  # it was not changed
    without = classifier(layers.Identity())
    assert np.abs(predict(without) - expected).max() > 1e-5


def test_a_layer_may_have_the_name_of_an_operation(tmp_path: Path) -> None:
    names = ("add", "multiply", "power", "pad", "square")
    model = classifier(
        *[layers.Identity(name=name) for name in names], LocalResponseNormalization()
    )
    loaded = keras.models.load_model(write(model, tmp_path))
    np.testing.assert_allclose(predict(loaded), predict(model), atol=1e-6)


def test_a_model_of_keras_layers_stays_as_it_is() -> None:
    model = classifier(layers.BatchNormalization())
    assert keras_file.without_own_layers(model) is model


def test_the_runtime_takes_any_number_of_images(tmp_path: Path) -> None:
    model = classifier(layers.BatchNormalization())
    run = load(str(write(model, tmp_path)))
    for count in (5, 1, 2):
        probabilities = run(IMAGES[:count])
        assert probabilities.dtype == np.float32
        np.testing.assert_allclose(probabilities, predict(model)[:count], atol=1e-6)
    assert version() == f"Keras {keras.__version__}"


def test_the_runtime_refuses_images_of_another_shape(tmp_path: Path) -> None:
    run = load(str(write(classifier(), tmp_path)))
    with pytest.raises((ValueError, TypeError)):
        run(IMAGES[:, :4])
