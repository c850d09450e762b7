from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from kcnn.model.application import build_application, set_trained, use_statistics
from kcnn.model.build import build_model
from kcnn.model.double_precision import in_float64
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.feature_maps import compute_feature_maps
from kcnn.model.first_kernel import first_kernel
from kcnn.model.plan import plan_model
from kcnn.model.probabilities import probability_model
from kcnn.model.saved import save_model
from kcnn.recipe import Recipe
from kcnn.recipe.layers import Application

SIZE = (64, 64, 3)
IMAGES = np.random.default_rng(0).integers(0, 256, (3, *SIZE)).astype(np.float32)
# One of each preprocessing: tf, caffe, torch, and inside, with statistics and without.
OF_EACH_KIND = ["MobileNetV2", "VGG16", "DenseNet121", "EfficientNetB0", "MobileNetV3Small"]
LAYERS = """
- Application: {name: NAME, weights: none}
- GlobalAveragePooling2D
- Dense: {units: 10}
"""

MakeModel = Callable[..., keras.Model]


@pytest.fixture
def make_model(make_recipe: Callable[..., Recipe]) -> MakeModel:
    """Build the model of a recipe with an Application."""

    def make(name: str) -> keras.Model:
        recipe = make_recipe(LAYERS.replace("NAME", name), "data.dataset=cifar10")
        return build_model(plan_model(recipe, SIZE, 10))

    return make


def application(name: str, **settings: object) -> keras.Model:
    layer = Application(name=name, weights="none", **settings)
    return build_application(layer, name, SIZE, None, synchronized=False)


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_preprocesses_as_keras_does(name: str) -> None:
    ours = application(name)
    theirs = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=SIZE)
    theirs.set_weights(ours.get_weights())
    modules = {"MobileNetV2": "mobilenet_v2", "VGG16": "vgg16", "DenseNet121": "densenet"}
    pixels = IMAGES.copy()
    if name in modules:
        pixels = getattr(keras.applications, modules[name]).preprocess_input(pixels)
    expected = keras.ops.convert_to_numpy(theirs(pixels, training=False))
    found = keras.ops.convert_to_numpy(ours(IMAGES, training=False))
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", OF_EACH_KIND)
def test_plain_keras_loads_what_is_saved(make_model: MakeModel, name: str, tmp_path: Path) -> None:
    model = make_model(name)
    save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.allclose(loaded(IMAGES, training=False), model(IMAGES, training=False), atol=1e-6)


def test_layers_without_names_are_numbered_alike_in_every_model() -> None:
    paths = [[weight.path for weight in application("MobileNetV3Small").weights] for _ in "ab"]
    assert paths[0] == paths[1]
    keras.layers.Conv2D(1, 1)  # numbers of other layers go on as before
    assert "conv2d" not in {layer.name for layer in application("MobileNetV3Small").layers[:1]}


def test_pixels_stay_float32_in_mixed_precision() -> None:
    with dtype_policy("mixed_bfloat16"):
        model = application("MobileNetV2")
    assert model.get_layer("preprocessing").compute_dtype == "float32"
    assert model.get_layer("Conv1").compute_dtype == "bfloat16"
    with dtype_policy("mixed_bfloat16"):
        model = application("EfficientNetB0")
    kinds = keras.layers.Rescaling | keras.layers.Normalization
    found = {layer.compute_dtype for layer in model.layers if isinstance(layer, kinds)}
    assert found == {"float32"}
    assert np.isfinite(keras.ops.convert_to_numpy(model(IMAGES, training=False))).all()


def test_sets_what_is_trained() -> None:
    model = application("MobileNetV2")
    set_trained(model, 3)
    assert [weight.name for weight in model.trainable_weights] == ["kernel", "gamma", "beta"]
    set_trained(model, False)
    assert not model.trainable_weights


def test_statistics_that_are_set_are_used() -> None:
    model = application("EfficientNetB0")
    before = model(IMAGES, training=False)
    (normalization,) = (
        layer for layer in model.layers if isinstance(layer, keras.layers.Normalization)
    )
    normalization.set_weights([np.full(3, 0.5), np.full(3, 0.25), np.array(1)])
    use_statistics(model)
    assert not np.allclose(model(IMAGES, training=False), before)


def test_a_model_with_an_application_works_as_others_do(make_model: MakeModel) -> None:
    model = make_model("MobileNetV2")
    kernel = first_kernel(model)
    assert kernel is not None
    assert kernel.shape == (3, 3, 3, 32)
    maps = compute_feature_maps(model, IMAGES)
    assert maps[-1].name == "MobileNetV2"
    assert [layer.maps.shape[1:3] for layer in maps] == [(32, 32), (16, 16), (8, 8), (4, 4), (2, 2)]
    probabilities = probability_model(model)(IMAGES, training=False)
    assert np.allclose(np.sum(probabilities, axis=1), 1, atol=1e-5)
    exact = in_float64(model)(IMAGES.astype(np.float64), training=False)
    assert np.allclose(exact, model(IMAGES, training=False), atol=1e-4)
