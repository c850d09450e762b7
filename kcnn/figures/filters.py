"""The first convolution's filters before and after training."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.image_grid import place_image, visible

COLUMNS = 8
MOST_FILTERS = 64
STEP = 1.12


@style.house_style
def draw(before: np.ndarray, after: np.ndarray, title: str) -> Figure:
    """Draws up to 64 filters, eight in a row, untrained on the left and trained on the right.

    All share one scale, in which mid grey is a weight of zero. Filters over three channels are
    drawn in colour, over other numbers of channels as the mean of these.

    Args:
        before: Kernel at the start, shape (height, width, channels, filters).
        after: The same kernel after training.
        title: The run and its headline.
    """
    height, width, channels, filters = before.shape
    shown = min(filters, MOST_FILTERS)
    kernels = [[visible(kernel[..., i]) for i in range(shown)] for kernel in (before, after)]
    limit = _largest_weight(kernels)
    count = f"{shown} of {filters}" if shown < filters else f"all {filters}"
    mean = "" if channels in (1, 3) else ", mean over channels"
    heading = f"First-layer filters, {height}×{width}×{channels}: {count}{mean}"
    rows = -(-shown // COLUMNS)
    figure = style.new_figure(f"{heading}\n{title}", height=rows * style.WIDTH / 18 + 1.7)
    panels = figure.subplots(1, 2)
    for axes, kernel, moment in zip(panels, kernels, ("before", "after"), strict=True):
        _draw_panel(axes, kernel, limit)
        axes.set_title(f"{moment} training")
    scale = ScalarMappable(Normalize(-limit, limit), "gray")
    bar = figure.colorbar(scale, ax=panels, orientation="horizontal", shrink=0.5, aspect=40)
    bar.set_label("weight, in each of the colours" if channels == 3 else "weight")
    return figure


def _largest_weight(kernels: list[list[np.ndarray]]) -> float:
    weights = np.abs(np.array(kernels))
    # A training that diverged leaves weights that are not finite, or all of them zero.
    return float(weights[np.isfinite(weights)].max(initial=0)) or 1.0


def _draw_panel(axes: Axes, filters: list[np.ndarray], limit: float) -> None:
    for number, weights in enumerate(filters):
        row, column = divmod(number, COLUMNS)
        pixels = weights if weights.ndim == 2 else np.clip(weights / limit / 2 + 0.5, 0, 1)
        place_image(axes, pixels, column * STEP, row * STEP, limits=(-limit, limit))
    rows, columns = -(-len(filters) // COLUMNS), min(len(filters), COLUMNS)
    axes.set(xlim=(0, columns * STEP), ylim=(rows * STEP, 0), aspect="equal")
    axes.set_axis_off()
