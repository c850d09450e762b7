"""What the layers make of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kcnn.errors import RunError
from kcnn.figures import style
from kcnn.figures.examples import Example
from kcnn.figures.image_grid import place_image, visible

COLUMNS = 8
MOST_LAYERS = 24
STEP = 1.08
# Between one image's maps and the next one's, in units of a map's side.
BETWEEN = 0.4
LONGEST_NAME = 24
# In inches: a map's side, a letter of a layer's name, and what stands left and right of the names.
SIDE = 0.78
LETTER = 0.074
MARGINS = 0.36


class LayerMaps(Protocol):
    """What one layer makes of some images."""

    @property
    def name(self) -> str:
        """The layer's name."""

    @property
    def maps(self) -> np.ndarray:
        """Its output, shape (images, height, width, channels)."""

    @property
    def unfinished(self) -> bool:
        """Whether only normalizations, sums and activations read it."""


@style.house_style
def draw(examples: Sequence[Example], layers: Sequence[LayerMaps], title: str) -> Figure:
    """Draws images side by side and, a row a layer, the first eight maps made of each.

    Each row has its own scale for all the images, dark for its smallest number and light for its
    largest. Of more than 24 layers those are left out whose output only goes on into a
    normalization, a sum or an activation, and of the rest 24 are drawn, evenly spaced from the
    first to the last.

    Args:
        examples: One image or several of one shape.
        layers: What the layers make of them, in the net's order.
        title: The run and its headline.

    Raises:
        RunError: There are no maps.
    """
    if not layers:
        raise RunError("no feature maps: the net has no layer that answers with maps")
    chosen = choose_layers(layers)
    count = f"{len(chosen)} of {len(layers)}" if len(chosen) < len(layers) else f"all {len(layers)}"
    heading = f"Feature maps: {count} layers that make maps"
    wide = len(examples) * (COLUMNS * STEP + BETWEEN) - BETWEEN
    rows = len(chosen) + 1
    sizes = [("image", examples[0].pixels.shape), *((one.name, one.maps.shape) for one in chosen)]
    labels = [f"{style.shorten(name, LONGEST_NAME)}\n{_size(shape)}" for name, shape in sizes]
    longest = max(len(line) for label in labels for line in label.split("\n"))
    figure = style.new_figure(
        f"{heading}\n{title}",
        height=rows * STEP * SIDE + 1.3,
        width=wide * SIDE + longest * LETTER + MARGINS,
    )
    axes = figure.subplots()
    for number, example in enumerate(examples):
        left = number * (COLUMNS * STEP + BETWEEN)
        _place_example(axes, example, left)
        for row, layer in enumerate(chosen, start=1):
            _place_maps(axes, layer.maps[number], left, row * STEP, _limits(layer.maps))
    axes.set_yticks([row * STEP + 0.5 for row in range(rows)], labels)
    axes.set_xticks([])
    axes.set_xlabel(_explain(layers, chosen), loc="left", linespacing=1.4)
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(0, wide), ylim=(rows * STEP, 0), aspect="equal")
    # Where the layout looks for room for the names: left of the rows themselves.
    axes.set_anchor("NW")
    return figure


def choose_layers(layers: Sequence[LayerMaps]) -> Sequence[LayerMaps]:
    """Picks at most 24 layers, of a deep net first those that end a block."""
    if len(layers) > MOST_LAYERS:
        layers = [layer for layer in layers if not layer.unfinished] or layers
    positions = np.linspace(0, len(layers) - 1, min(len(layers), MOST_LAYERS))
    return [layers[int(position)] for position in positions.round()]


def _explain(layers: Sequence[LayerMaps], chosen: Sequence[LayerMaps]) -> str:
    lines = ["Each row has its own scale, from dark for its smallest number to light."]
    if max(layer.maps.shape[-1] for layer in chosen) > COLUMNS:
        lines.append(f"Of each layer the first {COLUMNS} channels.")
    drawn = {layer.name for layer in chosen}
    left_out = [layer for layer in layers if layer.name not in drawn]
    if left_out:
        if all(layer.unfinished for layer in left_out):
            which = "which only feed a normalization, a sum or an activation"
        else:
            which = "so that those drawn are evenly spaced"
        lines.append(f"{len(left_out)} layers left out, {which}.")
    return "\n".join(lines)


def _place_example(axes: Axes, example: Example, left: float) -> None:
    place_image(axes, visible(example.pixels), left, 0)
    axes.text(left + STEP + 0.08, 0.5, example.caption, va="center", linespacing=1.4)


def _place_maps(
    axes: Axes, maps: np.ndarray, left: float, top: float, limits: tuple[float, float]
) -> None:
    for column in range(min(maps.shape[-1], COLUMNS)):
        place_image(axes, maps[..., column], left + column * STEP, top, style.HEATMAP, limits)


def _limits(maps: np.ndarray) -> tuple[float, float]:
    shown = maps[..., :COLUMNS]
    finite = shown[np.isfinite(shown)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def _size(shape: tuple[int, ...]) -> str:
    height, width, channels = shape[-3:]
    return f"{height}×{width}, {channels} channel{'s' if channels > 1 else ''}"
