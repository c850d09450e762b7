"""Accuracy against epochs."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.curves import Curve, draw_metric, mark_test, percent


@style.house_style
def draw(runs: Sequence[Curve]) -> Figure:
    """Draws training and validation accuracy in per cent, and the test accuracy as a level line.

    Args:
        runs: One run or several laid over each other.

    Raises:
        RunError: No run has a column `accuracy`.
    """
    figure, axes = draw_metric(runs, "accuracy", "Accuracy", scale=100)
    axes.set_ylabel("accuracy (% of images)")
    style.percent_axis(axes)
    mark_test(axes, runs, "accuracy", percent, scale=100)
    return figure
