"""Draw the feature maps that a model's layers compute for images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kcnn.errors import RunError
from kcnn.figures import style
from kcnn.figures.examples import Example, first_example, right_and_wrong
from kcnn.figures.image_grid import draw_image, visible
from kcnn.figures.run_figure import FigureInput, LayerMaps
from kcnn.runs.label_scores import read_predictions_of
from kcnn.text.distinct import shorten_distinct
from kcnn.text.numbers import count_text

NAME = "feature_maps"
# Besides the model, which is in memory while a run trains and else in model.keras, and
# predictions.csv if the run was scored.
READS: Sequence[str] = ("metrics.csv",)
NEEDS_IMAGES = True
COMPARES_RUNS = False

COLUMNS = 8
MAX_LAYERS = 24
# From one map to the next, and between the maps of two images, in units of a map's side.
STEP = 1.08
GAP = 0.4
MAX_NAME_LENGTH = 24
# In inches: a map's side, a letter of a layer's name, and the margins beside the names.
SIDE = 0.78
LETTER = 0.074
MARGINS = 0.36


def plot(source: FigureInput) -> Figure:
    """Draw the feature maps of a test image that was classified right, and of one classified wrong.

    The feature maps of a run that was not scored are those of the first test image.
    """
    dataset = source.dataset
    if source.run.predictions.is_file():
        predictions = read_predictions_of(source.run)
        examples = right_and_wrong(dataset.test, predictions, dataset.class_names)
    else:
        examples = [first_example(dataset.test, dataset.class_names)]
    layers = source.feature_maps(np.stack([example.pixels for example in examples]))
    return draw(examples, layers, source.curve.headline)


@style.house_style
def draw(examples: Sequence[Example], layers: Sequence[LayerMaps], title: str) -> Figure:
    """Draw images side by side, and below each the first eight maps of each layer in a row.

    Each row has its own scale for all images, from dark for its smallest value to light for its
    largest. Of more than 24 layers, those are left out whose output is read only by normalizations,
    sums and activations. Of the remaining layers, 24 are drawn, evenly spaced from the first to the
    last.

    Args:
        examples: One image, or several of the same shape.
        layers: The feature maps of the layers for these images, in the model's order.
        title: The run and its headline.

    Raises:
        RunError: No layer has feature maps.
    """
    if not layers:
        raise RunError("no feature maps: no layer of the model outputs (height, width, channels)")
    chosen = choose_layers(layers)
    count = f"{len(chosen)} of {len(layers)}" if len(chosen) < len(layers) else f"all {len(layers)}"
    heading = f"Feature maps of {count} layers"
    width = len(examples) * (COLUMNS * STEP + GAP) - GAP
    rows = len(chosen) + 1
    labels = [f"image\n{_size(examples[0].pixels)}", *_labels(chosen)]
    longest = max(len(line) for label in labels for line in label.split("\n"))
    figure = style.new_figure(
        f"{heading}\n{title}",
        height=rows * STEP * SIDE + 1.3,
        width=width * SIDE + longest * LETTER + MARGINS,
    )
    axes = figure.subplots()
    for index, example in enumerate(examples):
        left = index * (COLUMNS * STEP + GAP)
        _draw_example(axes, example, left)
        for row, layer in enumerate(chosen, start=1):
            _draw_maps(axes, layer.maps[index], left, row * STEP, _limits(layer.maps))
    axes.set_yticks([row * STEP + 0.5 for row in range(rows)], labels)
    axes.set_xticks([])
    axes.set_xlabel(_explain(layers, chosen), loc="left", linespacing=1.4)
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(0, width), ylim=(rows * STEP, 0), aspect="equal")
    # The layout makes room for the names left of the rows.
    axes.set_anchor("NW")
    return figure


def choose_layers(layers: Sequence[LayerMaps]) -> Sequence[LayerMaps]:
    """Return at most 24 layers, those that end a block first if the model is deep."""
    if len(layers) > MAX_LAYERS:
        layers = [layer for layer in layers if not layer.unfinished] or layers
    positions = np.linspace(0, len(layers) - 1, min(len(layers), MAX_LAYERS))
    return [layers[int(position)] for position in positions.round()]


def _explain(layers: Sequence[LayerMaps], chosen: Sequence[LayerMaps]) -> str:
    lines = ["Each row has its own scale, from dark for its smallest value to light."]
    if max(layer.maps.shape[-1] for layer in chosen) > COLUMNS:
        lines.append(f"Only the first {COLUMNS} channels of each layer.")
    drawn = {layer.name for layer in chosen}
    left_out = [layer for layer in layers if layer.name not in drawn]
    if left_out:
        if all(layer.unfinished for layer in left_out):
            which = "whose outputs only feed normalizations, sums or activations"
        else:
            which = "so that the drawn layers are evenly spaced"
        lines.append(f"{len(left_out)} layers left out, {which}.")
    return "\n".join(lines)


def _draw_example(axes: Axes, example: Example, left: float) -> None:
    draw_image(axes, visible(example.pixels), left, 0)
    axes.text(left + STEP + 0.08, 0.5, example.caption, va="center", linespacing=1.4)


def _draw_maps(
    axes: Axes, maps: np.ndarray, left: float, top: float, limits: tuple[float, float]
) -> None:
    for column in range(min(maps.shape[-1], COLUMNS)):
        draw_image(axes, maps[..., column], left + column * STEP, top, style.HEATMAP, limits)


def _limits(maps: np.ndarray) -> tuple[float, float]:
    shown = maps[..., :COLUMNS]
    finite = shown[np.isfinite(shown)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _labels(layers: Sequence[LayerMaps]) -> list[str]:
    names = shorten_distinct([layer.name for layer in layers], MAX_NAME_LENGTH)
    return [f"{name}\n{_size(layer.maps)}" for name, layer in zip(names, layers, strict=True)]


def _size(images: np.ndarray) -> str:
    height, width, channels = images.shape[-3:]
    return f"{height}×{width}, {count_text(channels, 'channel')}"
