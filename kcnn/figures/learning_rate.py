"""Learning rate against epochs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.curves import (
    TRAINING_LINE,
    Curve,
    draw_line,
    name_runs,
    new_axes,
    require_column,
)
from kcnn.figures.run_figure import FigureInput

NAME = "learning_rate"
READS: Sequence[str] = ("metrics.csv",)
NEEDS_IMAGES = False
COMPARES_RUNS = True

COLUMN = "learning_rate"


def plot(source: FigureInput) -> Figure:
    """Draw the learning rates of the runs."""
    return draw(source.curves)


@style.house_style
def draw(runs: Sequence[Curve]) -> Figure:
    """Draw the learning rate of each epoch, logarithmic if a rate falls in steps, else from 0.

    Args:
        runs: One run, or several to draw over each other.

    Raises:
        RunError: No run has a column `learning_rate`.
    """
    require_column(runs, COLUMN)
    figure, axes = new_axes(runs, "Learning rate", label_above=True)  # rates lie anywhere inside
    for run, color in zip(runs, style.run_colors(len(runs)), strict=True):
        draw_line(axes, run, COLUMN, color, TRAINING_LINE)
    if any(_falls_in_steps(run.column(COLUMN)) for run in runs):
        style.logarithmic_axis(axes)
        axes.set_ylabel("learning rate (logarithmic)")
    else:
        axes.set_ylim(bottom=0)
        axes.set_ylabel("learning rate")
    if len(runs) > 1:
        name_runs(figure, runs)
    return figure


def _falls_in_steps(rates: np.ndarray | None) -> bool:
    # Steps by a factor of ten vanish on a linear axis. A cosine loses its shape on a logarithmic
    # axis.
    if rates is None or not (rates > 0).all():
        return False
    return len(np.unique(rates)) <= len(rates) / 2 and rates.max() / rates.min() >= 50
