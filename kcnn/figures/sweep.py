"""Accuracy and loss of each trial of a sweep against epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kcnn.figures import style
from kcnn.figures.curves import Curve
from kcnn.text.distinct import shorten_distinct

# Columns of metrics.csv with their labels, the most meaningful first.
ACCURACIES = {
    "val_accuracy": "validation accuracy",
    "first_test_accuracy": "accuracy on the first test images",
    "accuracy": "training accuracy",
}
LOSSES = {"val_loss": "validation loss", "loss": "training loss"}
MAX_LABEL_LENGTH = 90


@dataclass(frozen=True)
class Series:
    """The runs of one set of values in the grid, which differ in their seeds.

    Args:
        label: The settings that differ from other series.
        runs: The metrics of each seed.
    """

    label: str
    runs: Sequence[Curve]

    def values(self, column: str) -> np.ndarray:
        """Return a column of all seeds up to the shortest run's last epoch: (seeds, epochs)."""
        columns = [run.column(column) for run in self.runs]
        found = [values for values in columns if values is not None]
        epochs = min(len(values) for values in found)
        return np.stack([values[:epochs] for values in found])


@style.house_style
def draw(title: str, all_series: Sequence[Series]) -> Figure:
    """Draw accuracy above and loss below, with a line for each series: the mean of its seeds.

    Several seeds have a band from the lowest to the highest. The metrics are those on validation
    images if every run has them, else the first of ACCURACIES and LOSSES that every run has.

    Args:
        title: First line of the figure's title.
        all_series: One or more series.
    """
    counts = {len(series.runs) for series in all_series}
    seeds = max(counts)
    if seeds > 1:
        up_to = "" if len(counts) == 1 else "up to "  # some trials may have failed
        title += f"\nmean of {up_to}{seeds} seeds, with a band from the lowest to the highest"
    figure = style.new_figure(title, height=7.2 + 0.22 * len(all_series))
    above, below = figure.subplots(2, sharex=True)
    epochs = max(run.epochs.max() for series in all_series for run in series.runs)
    _draw_accuracy(above, all_series)
    _draw_loss(below, all_series)
    for axes in (above, below):
        style.epoch_axis(axes, epochs)
    above.set_xlabel("")
    handles = []
    labels = shorten_distinct([series.label for series in all_series], MAX_LABEL_LENGTH)
    for label, color in zip(labels, style.run_colors(len(all_series)), strict=True):
        handles.append(Line2D([], [], color=color, linewidth=3, label=label))
    figure.legend(handles=handles, loc="outside lower left")
    return figure


def _draw_accuracy(axes: Axes, all_series: Sequence[Series]) -> None:
    column = _common_column(ACCURACIES, all_series)
    _draw_lines(axes, all_series, column, scale=100)
    style.percent_axis(axes)
    axes.set_ylabel(f"{ACCURACIES[column]} (%)")


def _draw_loss(axes: Axes, all_series: Sequence[Series]) -> None:
    column = _common_column(LOSSES, all_series)
    _draw_lines(axes, all_series, column)
    values = np.concatenate([series.values(column).ravel() for series in all_series])
    style.loss_axis(axes, values, LOSSES[column])


def _common_column(columns: dict[str, str], all_series: Sequence[Series]) -> str:
    """Return the first column that every run has, or the last, which every run should have."""
    runs = [run for series in all_series for run in series.runs]
    for name in columns:
        if all(run.column(name) is not None for run in runs):
            return name
    return list(columns)[-1]


def _draw_lines(axes: Axes, all_series: Sequence[Series], column: str, scale: float = 1.0) -> None:
    for series, color in zip(all_series, style.run_colors(len(all_series)), strict=True):
        values = scale * series.values(column)
        epochs = series.runs[0].epochs[: values.shape[1]]
        axes.plot(
            epochs, values.mean(axis=0), color=color, marker="o", markersize=4,
            markevery=max(1, len(epochs) // 25), clip_on=False,
        )  # fmt: skip
        if len(values) > 1:
            lowest, highest = values.min(axis=0), values.max(axis=0)
            axes.fill_between(epochs, lowest, highest, color=color, alpha=0.15, linewidth=0)
