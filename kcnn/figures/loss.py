"""Loss against epochs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.curves import Curve, draw_metric, mark_test

LOGARITHMIC_FROM = 50


@style.house_style
def draw(runs: Sequence[Curve]) -> Figure:
    """Draws training and validation loss, and the test loss as a level line.

    The axis begins at 0, or is logarithmic where the losses span more than a factor of 50.

    Args:
        runs: One run or several laid over each other.

    Raises:
        RunError: No run has a column `loss`.
    """
    figure, axes = draw_metric(runs, "loss", "Loss")
    columns = [run.column(name) for run in runs for name in ("loss", "val_loss")]
    values = np.concatenate([column for column in columns if column is not None])
    values = values[np.isfinite(values)]
    if len(values) and values.min() > 0 and values.max() / values.min() > LOGARITHMIC_FROM:
        style.logarithmic(axes)
        axes.set_ylabel("loss (logarithmic)")
    else:
        axes.set_ylim(bottom=min(0, values.min(initial=0)))
        axes.set_ylabel("loss")
    mark_test(axes, runs, "loss", "{:.3g}".format)
    return figure
