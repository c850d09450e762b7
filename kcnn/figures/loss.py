"""Loss against epochs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.curves import Curve, draw_metric, mark_test
from kcnn.figures.run_figure import FigureInput

NAME = "loss"
READS: Sequence[str] = ("metrics.csv",)
NEEDS_IMAGES = False
COMPARES_RUNS = True


def plot(source: FigureInput) -> Figure:
    """Draw the losses of the runs."""
    return draw(source.curves)


@style.house_style
def draw(runs: Sequence[Curve]) -> Figure:
    """Draw training and validation loss, and the test loss as a level line.

    The axis begins at 0, or is logarithmic if the losses span more than a factor of 50.

    Args:
        runs: One run, or several to draw over each other.

    Raises:
        RunError: No run has a column `loss`.
    """
    figure, axes = draw_metric(runs, "loss", "Loss")
    columns = [run.column(name) for run in runs for name in ("loss", "val_loss")]
    values = np.concatenate([column for column in columns if column is not None])
    style.loss_axis(axes, values, "loss")
    mark_test(axes, runs, "loss", "{:.3g}".format)
    return figure
