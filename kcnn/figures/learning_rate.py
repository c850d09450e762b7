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

COLUMN = "learning_rate"


@style.house_style
def draw(runs: Sequence[Curve]) -> Figure:
    """Draws the learning rate of each epoch, from 0, or logarithmic for a rate that falls in steps.

    Args:
        runs: One run or several laid over each other.

    Raises:
        RunError: No run has a column `learning_rate`.
    """
    require_column(runs, COLUMN)
    figure, axes = new_axes(runs, "Learning rate")
    for run, color in zip(runs, style.run_colors(len(runs)), strict=True):
        draw_line(axes, run, COLUMN, color, TRAINING_LINE)
    if any(_falls_in_steps(run.column(COLUMN)) for run in runs):
        style.logarithmic(axes)
        axes.set_ylabel("learning rate (logarithmic)")
    else:
        axes.set_ylim(bottom=0)
        axes.set_ylabel("learning rate")
    if len(runs) > 1:
        name_runs(figure, runs)
    return figure


def _falls_in_steps(rates: np.ndarray | None) -> bool:
    # Steps by tens vanish on a linear axis; a cosine loses its shape on a logarithmic one.
    if rates is None or not (rates > 0).all():
        return False
    return len(np.unique(rates)) <= len(rates) / 2 and rates.max() / rates.min() >= 50
