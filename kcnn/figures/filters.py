"""The first convolution's filters before and after training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.image_grid import draw_image, visible
from kcnn.figures.run_figure import FigureInput
from kcnn.runs.filters import read_filters

NAME = "filters"
READS: Sequence[str] = ("metrics.csv", "filters.npz")
NEEDS_IMAGES = False
COMPARES_RUNS = False

COLUMNS = 8
MAX_FILTERS = 64
STEP = 1.12
# Height of the text below each filter, in units of a filter's side.
LINE = 0.34


def plot(source: FigureInput) -> Figure:
    """Draw the filters of the run's first convolution."""
    before, after = read_filters(source.run)
    return draw(before, after, source.curve.headline)


@style.house_style
def draw(before: np.ndarray, after: np.ndarray, title: str) -> Figure:
    """Draw up to 64 filters, eight in a row, untrained on the left and trained on the right.

    All filters share one scale, in which mid gray is a weight of 0. Filters over three channels
    are drawn in color, filters over other numbers of channels as the mean over the channels. Below
    each trained filter is the distance that it moved.

    Args:
        before: Kernel before training, shape (height, width, channels, filters).
        after: The same kernel after training.
        title: The run and its headline.
    """
    height, width, channels, filters = before.shape
    shown = min(filters, MAX_FILTERS)
    kernels = [
        [visible(kernel[..., index]) for index in range(shown)] for kernel in (before, after)
    ]
    limit = _largest_weight(kernels)
    count = f"{shown} of {filters}" if shown < filters else f"all {filters}"
    mean = "" if channels in (1, 3) else ", mean over channels"
    heading = f"First-layer filters, {height}×{width}×{channels}: {count}{mean}"
    rows = -(-shown // COLUMNS)
    height = rows * (1 + LINE) * style.WIDTH / 18 + 2
    figure = style.new_figure(f"{heading}\n{title}", height)
    panels = figure.subplots(1, 2)
    for axes, kernel, moment in zip(panels, kernels, ("before", "after"), strict=True):
        _draw_panel(axes, kernel, limit)
        axes.set_title(f"{moment} training")
    distances = distances_moved(before, after)[:shown]
    _write_distances(panels[1], distances)
    dash = "" if np.isfinite(distances).all() else "\n–: all zero before, or not finite after"
    panels[1].set_xlabel(f"below each: how far it moved, ‖after − before‖ / ‖before‖{dash}")
    scale = ScalarMappable(Normalize(-limit, limit), "gray")
    bar = figure.colorbar(scale, ax=panels, orientation="horizontal", shrink=0.5, aspect=40)
    bar.set_label("weight, in each color" if channels == 3 else "weight")
    return figure


def distances_moved(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Compute how far training moved each filter, relative to its norm before.

    Args:
        before: Kernel before training, shape (height, width, channels, filters).
        after: The same kernel after training.

    Returns:
        float64, shape (filters,): ‖after − before‖ / ‖before‖ with the Euclidean norm over all
        weights of a filter; not finite where ‖before‖ is 0.
    """
    filters = before.shape[-1]
    start = before.astype(np.float64).reshape(-1, filters)
    end = after.astype(np.float64).reshape(-1, filters)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.linalg.norm(end - start, axis=0) / np.linalg.norm(start, axis=0)


def _largest_weight(kernels: list[list[np.ndarray]]) -> float:
    weights = np.abs(np.array(kernels))
    # After a training that diverged, weights may not be finite, or all may be 0.
    return float(weights[np.isfinite(weights)].max(initial=0)) or 1.0


def _draw_panel(axes: Axes, filters: list[np.ndarray], limit: float) -> None:
    for index, weights in enumerate(filters):
        row, column = divmod(index, COLUMNS)
        pixels = weights if weights.ndim == 2 else np.clip(weights / limit / 2 + 0.5, 0, 1)
        draw_image(axes, pixels, column * STEP, row * (STEP + LINE), limits=(-limit, limit))
    rows, columns = -(-len(filters) // COLUMNS), min(len(filters), COLUMNS)
    axes.set(xlim=(0, columns * STEP), ylim=(rows * (STEP + LINE), 0), aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _write_distances(axes: Axes, distances: np.ndarray) -> None:
    for index, distance in enumerate(distances):
        row, column = divmod(index, COLUMNS)
        axes.text(
            column * STEP + 0.5,
            row * (STEP + LINE) + 1.03,
            _three_digits(distance),
            fontsize=8,
            horizontalalignment="center",
            verticalalignment="top",
            in_layout=False,  # the axes have room for it
        )


def _three_digits(distance: float) -> str:
    """Write a distance with three digits, which fit below a filter, or a dash if not finite."""
    if not np.isfinite(distance):
        return "–"
    digits = 2 if distance < 9.995 else 1 if distance < 99.95 else 0
    return f"{distance:.{digits}f}"
