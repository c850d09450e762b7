"""Accuracy and loss against epochs of every combination of a sweep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kcnn.figures import style
from kcnn.figures.curves import Curve

# What was measured after each epoch, the best to judge by first, with the words for it.
ACCURACIES = {
    "val_accuracy": "validation accuracy",
    "first_test_accuracy": "accuracy on the first test images",
    "accuracy": "training accuracy",
}
LOSSES = {"val_loss": "validation loss", "loss": "training loss"}
LONGEST_LABEL = 90


@dataclass(frozen=True)
class Series:
    """One combination.

    Args:
        label: What differs from the others.
        runs: Its seeds.
    """

    label: str
    runs: Sequence[Curve]

    def values(self, column: str) -> np.ndarray:
        """Takes one column of all seeds, as far as all of them go: shape (seeds, epochs)."""
        columns = [run.column(column) for run in self.runs]
        known = [values for values in columns if values is not None]
        return np.stack([values[: min(map(len, known))] for values in known])


@style.house_style
def draw(title: str, series: Sequence[Series]) -> Figure:
    """Draws accuracy above and loss below: a line a combination, the mean of its seeds.

    Several seeds lie in a band from the lowest to the highest. Both are drawn of validation images
    where every run has them, else of what every run measured after each epoch.

    Args:
        title: The first line of the figure's title.
        series: One or more combinations.
    """
    counts = {len(one.runs) for one in series}
    seeds = max(counts)
    most = "" if len(counts) == 1 else "up to "  # the training of some seeds may have failed
    second = f"mean of {most}{seeds} seeds, in a band from the lowest to the highest\n"
    figure = style.new_figure(
        f"{title}\n{second if seeds > 1 else ''}".rstrip(), height=7.2 + 0.22 * len(series)
    )
    above, below = figure.subplots(2, sharex=True)
    epochs = max(run.epochs.max() for one in series for run in one.runs)
    _draw_accuracy(above, series)
    _draw_loss(below, series)
    for axes in (above, below):
        style.epoch_axis(axes, epochs)
    above.set_xlabel("")
    handles = [
        Line2D([], [], color=color, linewidth=3, label=style.shorten(one.label, LONGEST_LABEL))
        for one, color in zip(series, style.run_colors(len(series)), strict=True)
    ]
    figure.legend(handles=handles, loc="outside lower left")
    return figure


def _draw_accuracy(axes: Axes, series: Sequence[Series]) -> None:
    column = _common(ACCURACIES, series)
    _draw_lines(axes, series, column, scale=100)
    style.percent_axis(axes)
    axes.set_ylabel(f"{ACCURACIES[column]} (%)")


def _draw_loss(axes: Axes, series: Sequence[Series]) -> None:
    column = _common(LOSSES, series)
    _draw_lines(axes, series, column)
    values = np.concatenate([one.values(column).ravel() for one in series])
    style.loss_axis(axes, values, LOSSES[column])


def _common(columns: dict[str, str], series: Sequence[Series]) -> str:
    """Picks the first column that every run has; the last of them they all have."""
    every = [run for one in series for run in one.runs]
    return next(
        (name for name in columns if all(run.column(name) is not None for run in every)),
        list(columns)[-1],
    )


def _draw_lines(axes: Axes, series: Sequence[Series], column: str, scale: float = 1.0) -> None:
    for one, color in zip(series, style.run_colors(len(series)), strict=True):
        values = scale * one.values(column)
        epochs = one.runs[0].epochs[: values.shape[1]]
        axes.plot(
            epochs, values.mean(axis=0), color=color, marker="o", markersize=4,
            markevery=max(1, len(epochs) // 25), clip_on=False,
        )  # fmt: skip
        if len(values) > 1:
            lowest, highest = values.min(axis=0), values.max(axis=0)
            axes.fill_between(epochs, lowest, highest, color=color, alpha=0.15, linewidth=0)
