"""The loss of every training step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kcnn.figures import style
from kcnn.figures.curves import Curve, name_runs

# A running mean takes about this share of a run's steps.
WINDOWS = 50
# How many ends of epochs have room for a line, and for a number.
MOST_BORDERS = 30
MOST_NUMBERS = 12
STEP_COLOR, MEAN_COLOR = style.COLORS[5], style.COLORS[0]


@style.house_style
def draw(runs: Sequence[Curve], losses: Sequence[np.ndarray]) -> Figure:
    """Draws every step's loss lightly and a running mean on top; of several runs the means only.

    The axis begins at 0, or is logarithmic where the means span more than a factor of 50. The few
    steps far outside of all others lie beyond it and are counted. A single run has its epochs
    above, and where they end.

    Args:
        runs: One run or several laid over each other.
        losses: Of each run, shape (steps,): the loss of each batch before it changed the weights.
    """
    values = [np.where(np.isfinite(one), one, np.nan) for one in losses]
    steps = max(len(one) for one in values)
    windows = [mean_window(len(one)) for one in values]
    means = [running_mean(*one) for one in zip(values, windows, strict=True)]
    second_line = runs[0].headline if len(runs) == 1 else f"{len(runs)} runs"
    height = 5.4 if len(runs) == 1 else 5 + 0.22 * len(runs)
    figure = style.new_figure(f"Loss of every step\n{second_line}", height)
    axes = figure.subplots()
    for mean, window, color in zip(means, windows, style.run_colors(len(runs)), strict=True):
        axes.plot(np.arange(window, window + len(mean)), mean, color=color, zorder=3)
    _count_steps(axes, steps)
    every_mean = np.concatenate(means)
    if len(runs) == 1:
        _draw_steps(axes, values[0])
        _scale(axes, values[0], every_mean)
        _mark_epochs(axes, steps, int(runs[0].epochs[-1]))
        handles = [_steps_handle(axes, values[0]), _means_handle(windows, MEAN_COLOR)]
    else:
        _scale(axes, every_mean, every_mean)
        name_runs(figure, runs)
        handles = [_means_handle(windows, "#555555")]
    axes.legend(handles=handles, loc="upper right")
    return figure


def running_mean(losses: np.ndarray, window: int) -> np.ndarray:
    """Means each step with those before it.

    Args:
        losses: Shape (steps,); a NaN spoils the means that it is part of, and no other.
        window: How many steps a mean has.

    Returns:
        Shape (steps - window + 1,): the mean that ends with each step from the window-th on; empty
        when there are fewer steps.
    """
    if len(losses) < window:
        return np.empty(0)
    return np.convolve(losses, np.full(window, 1 / window), mode="valid")


def mean_window(steps: int) -> int:
    """Chooses how many steps a mean has: about a fiftieth of all, in round numbers."""
    wanted = max(1, steps // WINDOWS)
    power = 10 ** (len(str(wanted)) - 1)
    return max(size * power for size in (1, 2, 5) if size * power <= wanted)


def _draw_steps(axes: Axes, losses: np.ndarray) -> None:
    """Draws points that are the smaller and paler the more there are, so that density shows."""
    axes.plot(
        np.arange(1, len(losses) + 1),
        losses,
        linestyle="",
        marker="o",
        markeredgewidth=0,
        markersize=float(np.clip(120 / np.sqrt(len(losses)), 1.2, 5)),
        color=STEP_COLOR,
        alpha=float(np.clip(40 / np.sqrt(len(losses)), 0.1, 0.7)),
        # Hundreds of thousands of points belong into a bitmap, in an SVG or PDF as well.
        rasterized=True,
    )


def _scale(axes: Axes, shown: np.ndarray, means: np.ndarray) -> None:
    shown, means = shown[np.isfinite(shown)], means[np.isfinite(means)]
    if not len(shown):
        axes.text(0.5, 0.5, "no finite number", transform=axes.transAxes, ha="center")
        axes.set_ylabel("loss")
    elif style.are_far_apart(means):
        # The loss of a batch that is as good as certain must not squeeze all others.
        lowest = max(shown[shown > 0].min(), means.min() / 100)
        axes.set_ylim(lowest / 1.2, 1.2 * shown.max())
        style.logarithmic(axes)
        axes.set_ylabel("loss (logarithmic)")
    else:
        highest = min(shown.max(), 2 * np.quantile(shown, 0.999))
        highest = max(highest, means.max(initial=0))
        axes.set_ylim(min(0, shown.min()), 1.05 * highest or 1)
        axes.set_ylabel("loss")


def _steps_handle(axes: Axes, losses: np.ndarray) -> Line2D:
    lowest, highest = axes.get_ylim()
    beyond = int(((losses < lowest) | (losses > highest)).sum())
    note = f" ({beyond:,} beyond the axis)" if beyond else ""
    return Line2D([], [], linestyle="", marker="o", color=STEP_COLOR, label=f"each step{note}")


def _means_handle(windows: Sequence[int], color: str) -> Line2D:
    shortest, longest = min(windows), max(windows)
    steps = f"{longest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
    label = f"mean of the last {steps} steps" if longest > 1 else "steps joined"
    return Line2D([], [], color=color, label=label)


def _count_steps(axes: Axes, steps: int) -> None:
    axes.set_xlim(0, 1.01 * steps + 0.5)
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    axes.grid(True, axis="y")
    axes.set_axisbelow(True)


def _mark_epochs(axes: Axes, steps: int, epochs: int) -> None:
    if epochs < 1 or steps % epochs:
        return  # the files are of different moments, and nobody knows where an epoch ended
    per_epoch = steps // epochs
    if epochs <= MOST_BORDERS:
        for epoch in range(1, epochs + 1):
            axes.axvline(epoch * per_epoch, color="#DDDDDD", linewidth=0.8, zorder=0)
    every = -(-epochs // MOST_NUMBERS)
    numbered = range(every, epochs + 1, every)
    above = axes.secondary_xaxis("top")
    above.set_xticks([epoch * per_epoch for epoch in numbered], [str(one) for one in numbered])
    above.set_xlabel("epochs finished")
    above.spines[:].set_visible(False)
