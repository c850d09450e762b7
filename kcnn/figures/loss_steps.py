"""The loss of every training step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from kcnn.figures import style
from kcnn.figures.curves import Curve, mark_fine_tuning, name_runs
from kcnn.figures.run_figure import FigureInput
from kcnn.runs.steps import read_steps

NAME = "loss_steps"
READS: Sequence[str] = ("metrics.csv", "steps.csv")
NEEDS_IMAGES = False
COMPARES_RUNS = True

# A running mean is over about one of this many parts of a run's steps.
WINDOWS = 50
# How many epochs have room for a line at their end, and for a number.
MAX_LINES = 30
MAX_LABELS = 12
STEP_COLOR, MEAN_COLOR = style.COLORS[5], style.COLORS[0]


def plot(source: FigureInput) -> Figure:
    """Draw the loss of every step of the runs."""
    return draw(source.curves, [read_steps(run) for run in source.runs])


@style.house_style
def draw(runs: Sequence[Curve], losses: Sequence[np.ndarray]) -> Figure:
    """Draw the loss of every step and its running mean. Several runs have only the means.

    The axis begins at 0, or is logarithmic if the means span more than a factor of 50. The few
    steps far outside of all others are beyond the axis and are counted in the legend. A single run
    has a second axis above, with the ends of its epochs.

    Args:
        runs: One run, or several to draw over each other.
        losses: For each run, shape (steps,): the loss of each batch before its update.
    """
    values = [np.where(np.isfinite(run_losses), run_losses, np.nan) for run_losses in losses]
    steps = max(len(run_values) for run_values in values)
    windows = [mean_window(len(run_values)) for run_values in values]
    means = [
        running_mean(run_values, window) for run_values, window in zip(values, windows, strict=True)
    ]
    second_line = runs[0].headline if len(runs) == 1 else f"{len(runs)} runs"
    height = 5.4 if len(runs) == 1 else 5 + 0.22 * len(runs)
    figure = style.new_figure(f"Loss of every step\n{second_line}", height)
    axes = figure.subplots()
    for mean, window, color in zip(means, windows, style.run_colors(len(runs)), strict=True):
        axes.plot(np.arange(window, window + len(mean)), mean, color=color, zorder=3)
    _count_steps(axes, steps)
    all_means = np.concatenate(means)
    if len(runs) == 1:
        _draw_steps(axes, values[0])
        _scale(axes, values[0], all_means)
        _mark_epochs(axes, steps, int(runs[0].epochs[-1]), runs[0].fine_tuned_after)
        handles = [_steps_handle(axes, values[0]), _means_handle(windows, MEAN_COLOR)]
    else:
        _scale(axes, all_means, all_means)
        name_runs(figure, runs)
        handles = [_means_handle(windows, style.GREY)]
    # The line of fine-tuning may cross it.
    axes.legend(handles=handles, loc="upper right", frameon=True, edgecolor="none")
    return figure


def running_mean(losses: np.ndarray, window: int) -> np.ndarray:
    """Compute the mean of each step and those before it.

    Args:
        losses: Shape (steps,). A NaN makes only those means NaN that it is part of.
        window: How many steps a mean is over.

    Returns:
        Shape (steps - window + 1,): a mean for each step from number `window` on. Empty if there
        are fewer steps.
    """
    if len(losses) < window:
        return np.empty(0)
    return np.convolve(losses, np.full(window, 1 / window), mode="valid")


def mean_window(steps: int) -> int:
    """Return how many steps a mean is over: about a fiftieth of all steps, as a round number."""
    wanted = max(1, steps // WINDOWS)
    power = 10 ** (len(str(wanted)) - 1)
    return max(size * power for size in (1, 2, 5) if size * power <= wanted)


def _draw_steps(axes: Axes, losses: np.ndarray) -> None:
    """Draw points, smaller and paler the more steps there are, so that their density shows."""
    axes.plot(
        np.arange(1, len(losses) + 1),
        losses,
        linestyle="",
        marker="o",
        markeredgewidth=0,
        markersize=float(np.clip(120 / np.sqrt(len(losses)), 1.2, 5)),
        color=STEP_COLOR,
        alpha=float(np.clip(40 / np.sqrt(len(losses)), 0.1, 0.7)),
        # Hundreds of thousands of points are drawn as a bitmap, also in SVG and PDF.
        rasterized=True,
    )


def _scale(axes: Axes, shown: np.ndarray, means: np.ndarray) -> None:
    shown, means = shown[np.isfinite(shown)], means[np.isfinite(means)]
    if not len(shown):
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center")
        axes.set_ylabel("loss")
    elif style.are_far_apart(means):
        # A batch with a loss of almost 0 must not squeeze all other steps.
        lowest = max(shown[shown > 0].min(), means.min() / 100)
        axes.set_ylim(lowest / 1.2, 1.2 * shown.max())
        style.logarithmic_axis(axes)
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
    label = f"mean of the last {steps} steps" if longest > 1 else "steps, connected"
    return Line2D([], [], color=color, label=label)


def _count_steps(axes: Axes, steps: int) -> None:
    axes.set_xlim(0, 1.01 * steps + 0.5)
    axes.set_xlabel("step")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, min_n_ticks=1))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    axes.grid(True, axis="y")
    axes.set_axisbelow(True)


def _mark_epochs(axes: Axes, steps: int, epochs: int, fine_tuned_after: float | None) -> None:
    if epochs < 1 or steps % epochs:
        return  # steps.csv and metrics.csv were written at different times: no ends are known
    per_epoch = steps // epochs
    if epochs <= MAX_LINES:
        for epoch in range(1, epochs + 1):
            axes.axvline(epoch * per_epoch, color="#DDDDDD", linewidth=0.8, zorder=0)
    if fine_tuned_after is not None:
        mark_fine_tuning(axes, fine_tuned_after * per_epoch + 0.5, style.GREY)
    every = -(-epochs // MAX_LABELS)
    labeled = range(every, epochs + 1, every)
    above = axes.secondary_xaxis("top")
    above.set_xticks([epoch * per_epoch for epoch in labeled], [str(epoch) for epoch in labeled])
    above.set_xlabel("epochs finished")
    above.spines[:].set_visible(False)
