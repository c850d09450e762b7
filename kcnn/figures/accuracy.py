"""Accuracy against epochs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from matplotlib.figure import Figure

from kcnn.errors import KcnnError
from kcnn.figures import accuracy_textbook, style
from kcnn.figures.curves import Curve, draw_metric, mark_test
from kcnn.figures.run_figure import DEFAULT_STYLE, FigureInput
from kcnn.text.numbers import short_per_cent

NAME = "accuracy"
READS: Sequence[str] = ("metrics.csv",)
NEEDS_IMAGES = False
COMPARES_RUNS = True


def plot(source: FigureInput) -> Figure:
    """Draw the accuracies of the runs in the source's style."""
    return STYLES[source.style](source.curves)


@style.house_style
def draw(runs: Sequence[Curve]) -> Figure:
    """Draw training and validation accuracy in per cent, and the test accuracy as a level line.

    Args:
        runs: One run, or several to draw over each other.

    Raises:
        RunError: No run has a column `accuracy`.
    """
    figure, axes = draw_metric(runs, "accuracy", "Accuracy", scale=100)
    # Of images with several labels, each label is a yes or no.
    counted = {"labels" if run.several_labels else "images" for run in runs}
    axes.set_ylabel(f"accuracy (% of {' or '.join(sorted(counted))})")
    style.percent_axis(axes)
    mark_test(axes, runs, "accuracy", short_per_cent, scale=100)
    return figure


# Ways to draw the accuracy, for `kcnn plot --style`.
STYLES: Mapping[str, Callable[[Sequence[Curve]], Figure]] = {
    DEFAULT_STYLE: draw,
    "textbook": accuracy_textbook.draw,
}


def check_style(style_name: str, names: Sequence[str]) -> None:
    """Check that a style exists and that it applies to one of the figures.

    Args:
        style_name: The style, as the user wrote it.
        names: The names of the figures to draw.

    Raises:
        KcnnError: The style is unknown, or it applies to none of the figures.
    """
    if style_name not in STYLES:
        raise KcnnError(f"{style_name}: no such style", f"choose from {', '.join(STYLES)}")
    if style_name != DEFAULT_STYLE and NAME not in names:
        raise KcnnError(
            f"style {style_name}: a style of {NAME}, which is not among {', '.join(names)}",
            f"write --only {NAME}, or leave --style out",
        )
