"""Measure how closely each export format predicts each layer and activation of recipes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export_cases import ALONE, CASES, LARGE_CASES, Layers
from kcnn.data.dataset import MemoryImages
from kcnn.errors import ExportError
from kcnn.export.agreement import Agreement, compare
from kcnn.export.format import Format, Options
from kcnn.export.gate import run_artefact
from kcnn.export.source import Source
from kcnn.model.build import build_model
from kcnn.model.plan import plan_model
from kcnn.model.saved import with_layers_of_keras
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.recipe.source import Source as Origin

CLASSES = 10
IMAGES, CALIBRATION = 256, 64
RIDGE, LOGITS = 1.0, 1.5  # the penalty of large weights, and the deviation of logits
# The size of the images of most layers, and of those that need more.
SMALL, LARGE = (8, 8, 3), (32, 32, 3)


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
    together = [name for name in CASES if name not in (*ALONE, *LARGE_CASES)]
    return [
        _build_group(together, SMALL, "standard", folder / "together"),
        *(_build_group([name], SMALL, "standard", folder / name) for name in ALONE),
        _build_group(LARGE_CASES, LARGE, "none", folder / "large"),
    ]


@dataclass(frozen=True)
class Measured:
    """What was found of a format.

    Args:
        found: For each case how closely the predictions agree, or why there are none.
        runtime: The format's runtime and its version.
    """

    found: Mapping[str, Agreement | ExportError]
    runtime: str


def measure(form: Format, options: Options, groups: Sequence[Group], folder: Path) -> Measured:
    """Write all cases in one format, and predict in its own runtime in a fresh process.

    Args:
        form: The format.
        options: Its quantization.
        groups: As of `build_groups`.
        folder: An empty folder, for the artefacts.
    """
    found: dict[str, Agreement | ExportError] = {}
    runtime = ""
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
            runtime = run.runtime
    return Measured(found, runtime)


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
    colors = random.uniform(0, 255, (CLASSES, shape[-1]))
    images, labels = _draw_images(random, colors, IMAGES, shape)
    _set_random_weights(model, random)
    _set_averages(model, images)
    _fit_last_layers(model, len(names), images, labels)
    probabilities = model.predict(images, verbose=0)
    folder.mkdir()
    shown, _ = _draw_images(random, colors, CALIBRATION, shape)

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


def _draw_images(
    random: np.random.Generator, colors: np.ndarray, count: int, shape: tuple[int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images of a class's color, with noise, and return their classes, too."""
    labels = random.integers(CLASSES, size=count)
    noise = random.normal(0, 40, (count, *shape))
    images = np.clip(colors[labels][:, np.newaxis, np.newaxis] + noise, 0, 255)
    return images.astype(np.uint8), labels


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


def _set_averages(model: keras.Model, images: np.ndarray) -> None:
    """Let batch normalization learn the images' mean and variance.

    With random ones, the values of deep models grow or vanish.
    """
    layers = [
        layer
        for layer in model._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in layers:
        layer.momentum = 0.0
    model(images.astype(np.float32), training=True)
    for layer in layers:
        layer.momentum = 0.99


def _fit_last_layers(
    model: keras.Model, count: int, images: np.ndarray, labels: np.ndarray
) -> None:
    """Fit the last layer of each case to the images' classes, by ridge regression.

    With random weights there, rounding alone would change the class of many images.
    """
    last = [model.get_layer(f"logits_{number}") for number in range(count)]
    features = keras.Model(model.input, [layer.input for layer in last])
    targets = np.eye(CLASSES)[labels] - 1 / CLASSES
    predicted = keras.tree.flatten(features.predict(images, verbose=0))
    for layer, read in zip(last, predicted, strict=True):
        mean = read.mean(axis=0, dtype=np.float64)
        centered = read - mean
        products = centered @ centered.T
        ridge = RIDGE * np.trace(products) / len(images) * np.eye(len(images))
        kernel = centered.T @ np.linalg.solve(products + ridge, targets)
        kernel *= LOGITS / (centered @ kernel).std()
        layer.set_weights([kernel, -mean @ kernel])
