"""Accuracy against epochs as textbooks draw it: circles and squares, from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kcnn.figures import style
from kcnn.figures.curves import Curve, name_runs, new_axes, require_column

MAX_MARKERS = 20
# The textbook's columns, which only runs with `train.watch_first` have, and those of every run.
WATCHED = ("first_train_accuracy", "first_test_accuracy")
MEASURED = ("accuracy", "val_accuracy")
LABELS = {WATCHED: ("training", "test"), MEASURED: ("training", "validation")}
LINES: Sequence[dict[str, Any]] = (
    {"marker": "o", "linestyle": "-"},
    {"marker": "s", "linestyle": "--"},
)


@style.house_style
def draw(runs: Sequence[Curve]) -> Figure:
    """Draw two accuracies of each run: training with circles, test or validation with squares.

    After the plot in Saito, "Deep Learning from Scratch" (2016), chapter 7. If every run has
    `train.watch_first`, the accuracies are those on the first training and test images, else those
    on all training and validation images.

    Args:
        runs: One run, or several to draw over each other.

    Raises:
        RunError: No run has a column `accuracy`.
    """
    require_column(runs, "accuracy")
    watched = all(run.column(name) is not None for run in runs for name in WATCHED)
    columns = WATCHED if watched else MEASURED
    images = " on the first training and test images" if watched else ""
    figure, axes = new_axes(runs, f"Accuracy{images}")
    single = len(runs) == 1
    for run, run_color in zip(runs, style.run_colors(len(runs)), strict=True):
        # A single run has a color for each curve, several runs have one color each.
        colors = style.COLORS[:2] if single else (run_color, run_color)
        for name, line, color in zip(columns, LINES, colors, strict=True):
            _draw_line(axes, run, name, line, color)
    legend_colors = style.COLORS[:2] if single else (style.GREY, style.GREY)
    handles = []
    for name, label, line, color in zip(
        columns, LABELS[columns], LINES, legend_colors, strict=True
    ):
        if any(run.column(name) is not None for run in runs):
            handles.append(Line2D([], [], color=color, label=label, **line))
    axes.legend(handles=handles, loc="lower right")
    axes.set_ylim(0, 1)
    axes.set_ylabel("accuracy")
    if not single:
        name_runs(figure, runs)
    return figure


def _draw_line(axes: Axes, run: Curve, name: str, line: dict[str, Any], color: str) -> None:
    values = run.column(name)
    if values is not None:
        every = -(-len(values) // MAX_MARKERS)
        axes.plot(run.epochs, values, color=color, markevery=every, clip_on=False, **line)
