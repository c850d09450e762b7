"""Each layer and activation of recipes with random weights, and how closely each format predicts.

All that has to be known here about a new layer is its line in CASES; a test says if it is missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kcnn.data.dataset import MemoryImages
from kcnn.errors import ExportError
from kcnn.export.agreement import Agreement, compare
from kcnn.export.format import Format, Options
from kcnn.export.formats import FORMATS
from kcnn.export.gate import run_artefact
from kcnn.export.source import Source
from kcnn.model.build import build_model
from kcnn.model.plan import plan_model
from kcnn.model.saved import with_layers_of_keras
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.recipe.fields import ACTIVATIONS
from kcnn.recipe.source import Source as Origin

Layers = Sequence[Any]

CLASSES = 10
IMAGES, CALIBRATION = 256, 64
# The size of the images of most layers, and of those that need more.
SMALL, LARGE = (8, 8, 3), (32, 32, 3)

_CONVOLUTION = {"Conv2D": {"filters": 8, "kernel_size": 3, "padding": "same"}}
_BRANCHES = [
    {"Conv2D": {"name": "left", "filters": 8, "kernel_size": 3, "padding": "same"}},
    {"Conv2D": {"name": "right", "inputs": "image", "filters": 8, "kernel_size": 1}},
]
_GENERATOR = [
    "Flatten",
    {"Dense": {"units": 32, "use_bias": False}},
    "BatchNormalization",
    {"LeakyReLU": {"negative_slope": 0.2}},
    {"Reshape": {"target_shape": [2, 2, 8]}},
    {"Conv2DTranspose": {"filters": 8, "kernel_size": 5, "strides": 2, "padding": "same"}},
    "BatchNormalization",
    {"LeakyReLU": {"negative_slope": 0.2}},
    {"UpSampling2D": {"size": 2}},
    {"Conv2D": {"filters": 3, "kernel_size": 5, "padding": "same", "activation": "tanh"}},
]


def _after(*layers: Any) -> Layers:
    """Return layers that follow a convolution."""
    return [_CONVOLUTION, *layers]


def _settings(layer: str, **settings: Any) -> Layers:
    """Return a layer that follows a convolution."""
    return _after({layer: settings})


# What a line of the table calls it, and its layers. The first takes the image; a Flatten, a Dense
# and a softmax follow the last.
CASES: dict[str, Layers] = {
    "Conv2D": [{"Conv2D": {"filters": 8, "kernel_size": 3, "strides": 2, "padding": 1}}],
    "Conv2D, groups": _settings("Conv2D", filters=8, kernel_size=3, groups=4),
    "Conv2D, dilation_rate": _settings("Conv2D", filters=8, kernel_size=3, dilation_rate=2),
    "Conv2D of the whole image": [{"Conv2D": {"filters": 8, "kernel_size": 8}}],
    "SeparableConv2D": _settings(
        "SeparableConv2D", filters=8, kernel_size=3, depth_multiplier=2, padding="same"
    ),
    "DepthwiseConv2D": _settings("DepthwiseConv2D", kernel_size=3, strides=2, padding="same"),
    "DepthwiseConv2D, dilation_rate": _settings(
        "DepthwiseConv2D", kernel_size=3, dilation_rate=2, depth_multiplier=2
    ),
    "Conv2DTranspose": _settings(
        "Conv2DTranspose", filters=8, kernel_size=3, strides=2, padding="same"
    ),
    "Conv2DTranspose, strides above kernel_size": _settings(
        "Conv2DTranspose", filters=4, kernel_size=[1, 2], strides=3
    ),
    "Conv2DTranspose, output_padding": _settings(
        "Conv2DTranspose", filters=4, kernel_size=3, strides=[3, 2], output_padding=[2, 1]
    ),
    "Conv2DTranspose, dilation_rate": _settings(
        "Conv2DTranspose", filters=4, kernel_size=3, dilation_rate=2
    ),
    "Dense": ["Flatten", {"Dense": {"units": 16}}],
    "Dense after a convolution": _settings("Dense", units=6),
    "MaxPooling2D": _settings("MaxPooling2D", pool_size=3, strides=2, padding="same"),
    "AveragePooling2D": _settings("AveragePooling2D", pool_size=3, strides=2, padding="same"),
    "GlobalAveragePooling2D": _after("GlobalAveragePooling2D"),
    "GlobalMaxPooling2D": _settings("GlobalMaxPooling2D", keepdims=True),
    "Flatten": ["Flatten"],
    "Reshape": _settings("Reshape", target_shape=[4, 16, -1]),
    "Dropout": _settings("Dropout", rate=0.5),
    "SpatialDropout2D": _settings("SpatialDropout2D", rate=0.5),
    "GaussianNoise": _settings("GaussianNoise", stddev=0.5),
    "GaussianDropout": _settings("GaussianDropout", rate=0.5),
    "AlphaDropout": _settings("AlphaDropout", rate=0.5),
    "BatchNormalization": _after("BatchNormalization"),
    "BatchNormalization, axis": _settings("BatchNormalization", axis=1),
    "BatchNormalization of a row": _after("Flatten", "BatchNormalization"),
    "LayerNormalization": _after("LayerNormalization"),
    "LayerNormalization, axis": _settings("LayerNormalization", axis=[1, 2, 3]),
    "GroupNormalization": _settings("GroupNormalization", groups=4),
    "LocalResponseNormalization": _settings("LocalResponseNormalization", alpha=0.5),
    "LocalResponseNormalization, depth_radius": _settings(
        "LocalResponseNormalization", alpha=0.5, depth_radius=3, bias=1.0, beta=0.5
    ),
    "RMSNormalization": _after("RMSNormalization"),
    "RMSNormalization, axis": _settings("RMSNormalization", axis=[1, 2, 3]),
    "UnitNormalization": _after("UnitNormalization"),
    **{f"activation: {name}": _settings("Activation", activation=name) for name in ACTIVATIONS},
    "ReLU": _settings("ReLU", max_value=6.0, negative_slope=0.1, threshold=0.2),
    "LeakyReLU": _settings("LeakyReLU", negative_slope=0.1),
    "PReLU": _after("PReLU"),
    "PReLU, shared_axes": _settings("PReLU", shared_axes=[1, 2]),
    "ELU": _after("ELU"),
    "Softmax": _after("Softmax"),
    "Softmax, axis": _settings("Softmax", axis=1),
    "Rescaling": [{"Rescaling": {"scale": 2.0, "offset": -1.0}}, _CONVOLUTION],
    "ZeroPadding2D": _settings("ZeroPadding2D", padding=[[1, 0], [0, 2]]),
    "Cropping2D": _settings("Cropping2D", cropping=[[1, 0], [0, 2]]),
    "UpSampling2D": _settings("UpSampling2D", size=2),
    "UpSampling2D, bilinear": _settings("UpSampling2D", size=[2, 3], interpolation="bilinear"),
    **{
        name: [*_BRANCHES, {name: {"inputs": ["left", "right"]}}]
        for name in ("Add", "Concatenate", "Multiply", "Average", "Maximum", "Minimum")
    },
    "Residual": _after({"Residual": {"body": [_CONVOLUTION, "BatchNormalization", "ReLU"]}}),
    "Repeat": _after({"Repeat": {"times": 3, "body": [_CONVOLUTION, "BatchNormalization"]}}),
    "a generator of images": _GENERATOR,
    "Application": [
        {"Application": {"name": "MobileNetV2", "alpha": 0.35, "weights": "none"}},
        "GlobalAveragePooling2D",
    ],
}
# These need larger images, and raw ones.
LARGE_CASES = ("Application",)


def variants() -> dict[str, tuple[Format, Options]]:
    """Return all formats with all quantizations, by what a column of the table calls them."""
    return {
        " ".join(filter(None, (form.TITLE, quantize))): (form, Options(quantize, form.BATCH_SIZE))
        for form in FORMATS
        for quantize in (None, *form.QUANTIZATIONS)
    }


@dataclass(frozen=True)
class Group:
    """Some cases as branches of a single model, because converting each takes too long.

    Args:
        names: The keys of CASES.
        source: Their model, whose output has CLASSES columns for each.
        images: uint8, (count, height, width, channels).
        probabilities: The model's for the images.
    """

    names: Sequence[str]
    source: Source
    images: np.ndarray
    probabilities: np.ndarray

    def agreements(self, predictions: Sequence[np.ndarray]) -> dict[str, Agreement]:
        """Compare predictions for the images with the model's, for each case by itself."""
        labels = np.zeros(len(self.images), np.int32)
        found = {}
        for index, name in enumerate(self.names):
            columns = slice(CLASSES * index, CLASSES * (index + 1))
            of_case = [prediction[:, columns] for prediction in predictions]
            found[name] = compare(of_case, self.probabilities[:, columns], labels)
        return found


def build_groups(folder: Path) -> list[Group]:
    """Build the models of all cases.

    Args:
        folder: An empty folder, for the SavedModels that the formats are converted from.
    """
    small = [name for name in CASES if name not in LARGE_CASES]
    return [
        _build_group(small, SMALL, "standard", folder / "small"),
        _build_group(LARGE_CASES, LARGE, "none", folder / "large"),
    ]


def measure(
    form: Format, options: Options, groups: Sequence[Group], folder: Path
) -> dict[str, Agreement | ExportError]:
    """Write all cases in one format, and predict in its own runtime in a fresh process.

    Args:
        form: The format.
        options: Its quantization.
        groups: As of `build_groups`.
        folder: An empty folder, for the artefacts.

    Returns:
        For each case how closely the predictions agree, or the error of the group that has it.
    """
    found: dict[str, Agreement | ExportError] = {}
    for number, group in enumerate(groups):
        artefact = folder / str(number) / form.FILE
        artefact.parent.mkdir(parents=True)
        images = MemoryImages(group.images, np.zeros(len(group.images), np.int32))
        try:
            form.write(group.source, options, artefact)
            run = run_artefact(form, options, artefact, images, IMAGES // 4, Progress())
        except ExportError as error:
            found |= dict.fromkeys(group.names, error)
        else:
            found |= group.agreements(run.predictions)
    return found


def _build_group(
    names: Sequence[str], shape: tuple[int, int, int], scaling: str, folder: Path
) -> Group:
    random = np.random.default_rng(0)
    layers = [layer for number, name in enumerate(names) for layer in _branch(CASES[name], number)]
    if len(names) > 1:
        ends = [f"case_{number}" for number in range(len(names))]
        layers.append({"Concatenate": {"inputs": ends}})
    plan = plan_model(_recipe(layers, scaling), shape, classes=None)
    keras.backend.clear_session()
    built = build_model(plan, ([128.0] * 3, [3500.0] * 3) if scaling == "standard" else None)
    model = with_layers_of_keras(built)
    images = _images(random, IMAGES, shape)
    _set_random_weights(model, random)
    _spread_over_classes(model, len(names), images)
    probabilities = model.predict(images, verbose=0)
    folder.mkdir()
    shown = _images(random, CALIBRATION, shape)

    def calibration() -> Iterator[np.ndarray]:
        return iter(shown[:, np.newaxis])

    class_names = [str(index) for index in range(probabilities.shape[1])]
    return Group(names, Source(model, folder, class_names, calibration), images, probabilities)


def _branch(layers: Layers, number: int) -> list[Any]:
    """Return a case's layers from the image to its probabilities, with names of its own."""
    end: Layers = [
        "Flatten",
        {"Dense": {"units": CLASSES, "name": "logits"}},
        {"Softmax": {"name": "case"}},
    ]
    numbered: list[Any] = []
    for layer in [*layers, *end]:
        [(kind, written)] = layer.items() if isinstance(layer, Mapping) else [(layer, {})]
        settings = dict(written) if numbered else {"inputs": "image", **written}
        if "name" in settings and kind != "Application":
            settings["name"] += f"_{number}"
        if isinstance(settings.get("inputs"), list):
            settings["inputs"] = [f"{name}_{number}" for name in settings["inputs"]]
        numbered.append({kind: settings})
    return numbered


def _recipe(layers: Layers, scaling: str) -> Recipe:
    content = {
        "name": "layers",
        "data": {"dataset": "cifar10", "scaling": scaling},
        "model": {"layers": list(layers)},
        "train": {"epochs": 1, "optimizer": "Adam"},
    }
    recipe = Recipe.model_validate(content)
    recipe._origin = Origin(Path("layers.yaml"), b"", content, {(): 1})
    return recipe


def _images(random: np.random.Generator, count: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Draw images of a color each, with noise."""
    color = random.uniform(0, 255, (count, 1, 1, shape[-1]))
    noise = random.normal(0, 40, (count, *shape))
    return np.clip(color + noise, 0, 255).astype(np.uint8)


def _set_random_weights(model: keras.Model, random: np.random.Generator) -> None:
    """Set all weights, because many start as 0 or 1, where a mistake would change nothing."""
    for weight in model.weights:
        shape = tuple(weight.shape)
        if weight.name in ("moving_variance", "gamma", "scale"):
            value = random.uniform(0.5, 1.5, shape)
        elif len(shape) > 1:
            value = random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape)
        else:
            value = random.normal(0, 0.3, shape)
        weight.assign(value)


def _spread_over_classes(model: keras.Model, count: int, images: np.ndarray) -> None:
    """Change the last weights of each case, so that its images have various classes."""
    last = [model.get_layer(f"logits_{number}") for number in range(count)]
    logits = keras.Model(model.input, [layer.output for layer in last]).predict(images, verbose=0)
    for layer, values in zip(last, logits if count > 1 else [logits], strict=True):
        kernel, bias = layer.get_weights()
        factor = 2 / values.std(axis=0)
        layer.set_weights([kernel * factor, (bias - values.mean(axis=0)) * factor])
