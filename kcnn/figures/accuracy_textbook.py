"""Accuracy against epochs as textbooks plot it: circles and squares, from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kcnn.figures import style
from kcnn.figures.curves import Curve, name_runs, new_axes, require_column

MOST_MARKERS = 20
GREY = "#555555"
# The book's own columns first; then what every run has.
WATCHED = ("first_train_accuracy", "first_test_accuracy")
MEASURED = ("accuracy", "val_accuracy")
NAMES = {WATCHED: ("training", "test"), MEASURED: ("training", "validation")}
LINES: Sequence[dict[str, Any]] = (
    {"marker": "o", "linestyle": "-"},
    {"marker": "s", "linestyle": "--"},
)


@style.house_style
def draw(runs: Sequence[Curve]) -> Figure:
    """Draws two accuracies of each run: training with circles, test or validation with squares.

    After the plot in Saito, "Deep Learning from Scratch" (2016), chapter 7. Where every run watched
    them (`train.watch_first`), the accuracies are those on the first images of either set, else
    those on training and validation images.

    Args:
        runs: One run or several laid over each other.

    Raises:
        RunError: No run has a column `accuracy`.
    """
    require_column(runs, "accuracy")
    watched = all(run.column(name) is not None for run in runs for name in WATCHED)
    columns = WATCHED if watched else MEASURED
    which = " on the first images of either set" if watched else ""
    figure, axes = new_axes(runs, f"Accuracy{which}")
    # One run has a colour for each of its curves, several a colour each.
    one = len(runs) == 1
    colors = [(color, color) for color in style.run_colors(len(runs))]
    for run, pair in zip(runs, [style.COLORS[:2]] if one else colors, strict=True):
        for name, line, color in zip(columns, LINES, pair, strict=True):
            _draw_line(axes, run, name, line, color)
    handles = [
        Line2D([], [], color=color, label=label, **line)
        for name, label, line, color in zip(
            columns, NAMES[columns], LINES, style.COLORS[:2] if one else (GREY, GREY), strict=True
        )
        if any(run.column(name) is not None for run in runs)
    ]
    axes.legend(handles=handles, loc="lower right")
    axes.set_ylim(0, 1)
    axes.set_ylabel("accuracy")
    if len(runs) > 1:
        name_runs(figure, runs)
    return figure


def _draw_line(axes: Axes, run: Curve, name: str, line: dict[str, Any], color: str) -> None:
    values = run.column(name)
    if values is not None:
        every = -(-len(values) // MOST_MARKERS)
        axes.plot(run.epochs, values, color=color, markevery=every, clip_on=False, **line)
