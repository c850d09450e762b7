"""The table of figures that `kcnn plot` draws. A new figure is one module and one row here."""

from __future__ import annotations

from collections.abc import Sequence

from kcnn.errors import KcnnError
from kcnn.figures import (
    accuracy,
    confusion,
    feature_maps,
    filters,
    learning_rate,
    loss,
    loss_steps,
    mistakes,
    precision_recall,
    roc,
    samples,
)
from kcnn.figures.run_figure import RunFigure
from kcnn.text.did_you_mean import did_you_mean

# In the order in which they are drawn and listed.
FIGURES: Sequence[RunFigure] = (
    accuracy,
    loss,
    loss_steps,
    learning_rate,
    confusion,
    roc,
    precision_recall,
    samples,
    filters,
    feature_maps,
    mistakes,
)


def choose_figures(only: Sequence[str] = ()) -> list[RunFigure]:
    """Return the figures with these names in the order of FIGURES, or all if there are no names.

    Raises:
        KcnnError: A name is unknown.
    """
    names = [figure.NAME for figure in FIGURES]
    for name in only:
        if name not in names:
            guess = did_you_mean(name, names)
            raise KcnnError(f"{name}: no such plot{guess}", f"choose from {', '.join(names)}")
    return [figure for figure in FIGURES if not only or figure.NAME in only]


def figures_that_compare_runs() -> list[str]:
    """Return the names of the figures in which several runs can be drawn over each other."""
    return [figure.NAME for figure in FIGURES if figure.COMPARES_RUNS]
