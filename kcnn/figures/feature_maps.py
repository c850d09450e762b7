"""What the layers make of one image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kcnn.errors import RunError
from kcnn.figures import style
from kcnn.figures.image_grid import place_image, visible

COLUMNS = 8
MOST_LAYERS = 12
STEP = 1.08
LONGEST_NAME = 24


@style.house_style
def draw(image: np.ndarray, maps: Sequence[tuple[str, np.ndarray]], title: str) -> Figure:
    """Draws an image and, a row a layer, the first eight maps that the layers make of it.

    Each row has its own scale, dark for its smallest number and light for its largest. Of more
    than twelve layers twelve are drawn, evenly spaced from the first to the last.

    Args:
        image: uint8, shape (height, width, channels).
        maps: Layer names and their outputs, shape (height, width, channels), in the net's order.
        title: The run and the image.

    Raises:
        RunError: There are no maps.
    """
    if not maps:
        raise RunError("no feature maps: the net has no layer that answers with maps")
    chosen = _choose(maps)
    count = f"{len(chosen)} of {len(maps)}" if len(chosen) < len(maps) else f"all {len(maps)}"
    heading = f"Feature maps: up to {COLUMNS} channels of {count} layers"
    height = (len(chosen) + 1) * 0.82 + 0.9
    figure = style.new_figure(f"{heading}\n{title}", height)
    axes = figure.subplots()
    place_image(axes, visible(image), 0, 0)
    for row, (_, channels) in enumerate(chosen, start=1):
        _draw_row(axes, channels, row * STEP)
    names = [("image", image), *chosen]
    labels = [f"{style.shorten(name, LONGEST_NAME)}\n{_size(array)}" for name, array in names]
    axes.set_yticks([row * STEP + 0.5 for row in range(len(names))], labels)
    axes.set_xticks([])
    axes.tick_params(axis="y", length=0)
    axes.spines[:].set_visible(False)
    axes.set(xlim=(0, COLUMNS * STEP), ylim=(len(names) * STEP, 0), aspect="equal")
    # Where the layout looks for room for the names: left of the rows themselves.
    axes.set_anchor("NW")
    return figure


def _choose(maps: Sequence[tuple[str, np.ndarray]]) -> list[tuple[str, np.ndarray]]:
    positions = np.linspace(0, len(maps) - 1, min(len(maps), MOST_LAYERS))
    return [maps[int(position)] for position in positions.round()]


def _draw_row(axes: Axes, channels: np.ndarray, top: float) -> None:
    shown = channels[..., :COLUMNS]
    finite = shown[np.isfinite(shown)]
    limits = (float(finite.min(initial=0)), float(finite.max(initial=0)))
    for column in range(shown.shape[-1]):
        place_image(axes, shown[..., column], column * STEP, top, style.HEATMAP, limits)


def _size(array: np.ndarray) -> str:
    height, width, channels = array.shape
    return f"{height}×{width}, {channels} channel{'s' if channels > 1 else ''}"
