from __future__ import annotations

import math
from typing import Any

import keras
import pytest

from kcnn.model.application import build_application
from kcnn.recipe.applications import arithmetic
from kcnn.recipe.applications.names import ALPHAS, APPLICATIONS
from kcnn.recipe.applications.table import architecture
from kcnn.recipe.layers import Application
from kcnn.recipe.layers.shapes import Shape

EVERY_WIDTH = [(name, alpha) for name in APPLICATIONS for alpha in ALPHAS.get(name, (None,))]
SMALL = [("MobileNetV2", 0.35), ("MobileNetV3Small", 1.0)]


def application(name: str, alpha: float | None = None, **settings: Any) -> Application:
    widths = {} if alpha is None else {"alpha": alpha}
    return Application(name=name, weights="none", **widths, **settings)


def computed(name: str, alpha: float | None, trained: int, size: tuple[int, int]) -> dict[str, Any]:
    """Return what the table says of an application for a size of images."""
    layer, shape = application(name, alpha, trainable=trained), (*size, 3)
    weights = layer.weight_shapes(shape).items()
    return {
        "output": tuple(map(int, layer.output_shape([shape]))),
        "weights": {f"{name}/{path}": weight for path, weight in weights},
        "trained": {f"{name}/{path}" for path in layer.trainable_weights},
        "layers": layer.layer_count,
        "multiply_adds": kernels_of(name, alpha, shape),
    }


def built(name: str, alpha: float | None, trained: int, size: tuple[int, int]) -> dict[str, Any]:
    """Return the same of the model that Keras builds."""
    layer, shape = application(name, alpha, trainable=trained), (*size, 3)
    model = build_application(layer, name, shape, None, synchronized=False)
    layers = [
        inner.name for inner in model.layers if not isinstance(inner, keras.layers.InputLayer)
    ]
    return {
        "output": model.output_shape[1:],
        "weights": {weight.path: tuple(weight.shape) for weight in model.weights},
        "trained": {weight.path for weight in model.trainable_weights},
        "layers": len(set(layers) - {"preprocessing"}),
        "multiply_adds": kernels_of_keras(model),
    }


def kernels_of(name: str, alpha: float | None, shape: Shape) -> int:
    """Count the multiply-adds of kernels, without those of normalizations."""
    of = architecture(name, alpha)
    shapes = arithmetic.shapes_within(of, shape)
    return sum(
        int(row.layer.multiply_adds(shapes[row.inputs[0]], shapes[number]))
        for number, row in enumerate(of.rows, 1)
        if row.layer.has_kernel
    )


def kernels_of_keras(model: keras.Model) -> int:
    """Count the multiply-adds from Keras's kernels: each is used once at every position.

    Both kernels of a separable convolution are used at each position of its output.
    """
    total = 0
    for layer in model._flatten_layers():
        if isinstance(layer, keras.Model):
            continue
        for weight in layer.weights:
            if weight.name.endswith("kernel"):
                total += math.prod(layer.output.shape[1:-1]) * math.prod(weight.shape)
    return total


@pytest.mark.parametrize("size", [(32, 33), (97, 130)])
@pytest.mark.parametrize(("name", "alpha"), SMALL)
def test_a_small_application_is_as_in_keras(
    name: str, alpha: float | None, size: tuple[int, int]
) -> None:
    assert computed(name, alpha, 20, size) == built(name, alpha, 20, size)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "alpha"), EVERY_WIDTH)
def test_every_application_is_as_in_keras(name: str, alpha: float | None) -> None:
    least = architecture(name, alpha).least
    for trained, size in ((30, (least, least + 2)), (300, (149, 194))):
        assert computed(name, alpha, trained, size) == built(name, alpha, trained, size)
    keras.backend.clear_session()


def test_has_every_classifier_of_keras() -> None:
    found = {name for name in dir(keras.applications) if name[0].isupper()}
    assert {*APPLICATIONS} == found
    assert len(APPLICATIONS) == len({*APPLICATIONS})
    for name, alpha in EVERY_WIDTH:
        assert architecture(name, alpha).rows


def test_multiply_adds_are_those_of_the_paper() -> None:
    """MobileNetV2 has 300 million at 224×224 (Sandler et al., 2018, table 4), 1.3 of them in its
    top; of the others, normalizations take 6.7.
    """
    top = 1280 * 1000
    kernels = kernels_of("MobileNetV2", None, (224, 224, 3))
    assert round((kernels + top) / 1e6) == 301
    assert kernels_of("ResNet50", None, (224, 224, 3)) == pytest.approx(3.86e9, rel=0.01)


def test_chooses_the_weights_of_the_size_as_keras_does() -> None:
    of = architecture("MobileNetV2", 0.35)
    assert of.imagenet_file(96, 96).file.endswith("_0.35_96_no_top.h5")
    assert of.imagenet_file(96, 128).file.endswith("_0.35_224_no_top.h5")
    assert of.imagenet_file(100, 100).file.endswith("_0.35_224_no_top.h5")
    assert of.imagenet_file(96, 96).hash is None
    assert architecture("ResNet50").imagenet_file(64, 64).hash


def test_squeeze_and_excitation_sees_everything() -> None:
    assert arithmetic.reach(architecture("MobileNetV3Small"), (96, 96, 3)) is None
    # Araujo, Norris and Sim (2019) give 212 for VGG16 with its last pooling.
    found = arithmetic.reach(architecture("VGG16"), (224, 224, 3))
    assert found == [(212, 32), (212, 32)]
