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
# How far the largest weight may be above that of the median filter on one scale for all. Pretrained
# filters differ more: those of MobileNetV2 (Open Images) by 5, so that most would look gray.
FAR_APART = 4
ALMOST_ZERO = 0.01  # of the largest weight: filters that are drawn gray on scales of their own


def plot(source: FigureInput) -> Figure:
    """Draw the filters of the run's first convolution."""
    before, after = read_filters(source.run)
    return draw(before, after, source.curve.headline)


@style.house_style
def draw(before: np.ndarray, after: np.ndarray, title: str) -> Figure:
    """Draw up to 64 filters, eight in a row, untrained on the left and trained on the right.

    All filters share one scale, in which mid gray is a weight of 0; or each has its own if they
    differ much. Filters over three channels are drawn in color, filters over other numbers of
    channels as the mean over the channels. Below each trained filter is the distance that it moved.
    Filters that were not trained are drawn once.

    Args:
        before: Kernel before training, shape (height, width, channels, filters).
        after: The same kernel after training.
        title: The run and its headline.
    """
    height, width, channels, filters = before.shape
    shown = min(filters, MAX_FILTERS)
    moments = {"before training": before, "after training": after}
    if is_frozen := np.array_equal(before, after):
        moments = {"not trained: the same before and after": before}
    kernels = [
        [visible(kernel[..., index]) for index in range(shown)] for kernel in moments.values()
    ]
    limits = _limits(np.array(kernels))
    count = f"{shown} of {filters}" if shown < filters else f"all {filters}"
    mean = "" if channels in (1, 3) else ", mean over channels"
    heading = f"First-layer filters, {height}×{width}×{channels}: {count}{mean}"
    rows = -(-shown // COLUMNS)
    height = rows * (1 + LINE) * style.WIDTH / 18 + 2
    figure = style.new_figure(f"{heading}\n{title}", height)
    panels = figure.subplots(1, len(kernels), squeeze=False)[0]
    for axes, kernel, moment in zip(panels, kernels, moments, strict=True):
        _draw_panel(axes, kernel, limits)
        axes.set_title(moment)
    if not is_frozen:
        written = [_three_digits(distance) for distance in distances_moved(before, after)[:shown]]
        _write_distances(panels[1], written)
        dash = "\n–: almost zero before, or not finite after" if "–" in written else ""
        panels[1].set_xlabel(f"below each: how far it moved, ‖after − before‖ / ‖before‖{dash}")
    have_own_scales = len(set(limits)) > 1
    limit = 1 if have_own_scales else limits[0]
    scale = ScalarMappable(Normalize(-limit, limit), "gray")
    bar = figure.colorbar(scale, ax=panels, orientation="horizontal", shrink=0.5, aspect=40)
    label = "weight, in each color" if channels == 3 else "weight"
    if have_own_scales:
        label += (
            ": each filter has its own scale, up to its largest weight\n"
            f"gray: all weights below {100 * ALMOST_ZERO:g} % of the largest filter's"
        )
    bar.set_label(label)
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


def _limits(kernels: np.ndarray) -> list[float]:
    """Return the weight that is drawn white in each filter, before and after training."""
    weights = np.abs(kernels)
    # After a training that diverged, weights may not be finite, or all may be 0.
    weights = np.where(np.isfinite(weights), weights, 0)
    largest = weights.max(axis=(0, *range(2, weights.ndim)))
    limit = largest.max() or 1.0
    differ = largest[largest >= ALMOST_ZERO * limit]
    if not len(differ) or limit <= FAR_APART * np.median(differ):
        return [float(limit)] * len(largest)
    return np.where(largest >= ALMOST_ZERO * limit, largest, limit).tolist()


def _draw_panel(axes: Axes, filters: list[np.ndarray], limits: Sequence[float]) -> None:
    for index, (weights, limit) in enumerate(zip(filters, limits, strict=True)):
        row, column = divmod(index, COLUMNS)
        pixels = weights if weights.ndim == 2 else np.clip(weights / limit / 2 + 0.5, 0, 1)
        draw_image(axes, pixels, column * STEP, row * (STEP + LINE), limits=(-limit, limit))
    rows, columns = -(-len(filters) // COLUMNS), min(len(filters), COLUMNS)
    axes.set(xlim=(0, columns * STEP), ylim=(rows * (STEP + LINE), 0), aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _write_distances(axes: Axes, distances: Sequence[str]) -> None:
    for index, distance in enumerate(distances):
        row, column = divmod(index, COLUMNS)
        axes.text(
            column * STEP + 0.5,
            row * (STEP + LINE) + 1.03,
            distance,
            fontsize=8,
            horizontalalignment="center",
            verticalalignment="top",
            in_layout=False,  # the axes have room for it
        )


def _three_digits(distance: float) -> str:
    """Write a distance with three digits, which fit below a filter, or a dash if it has more.

    A filter that was almost zero before moved by thousands, which says nothing.
    """
    if not distance < 999.5:
        return "–"
    digits = 2 if distance < 9.995 else 1 if distance < 99.95 else 0
    return f"{distance:.{digits}f}"
