"""Confusion matrix: which classes the model predicts for which true classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.run_figure import FigureInput, InapplicableError
from kcnn.runs.scores import Confusion, read_confusion
from kcnn.runs.summary import has_several_labels
from kcnn.text.cells import cell_width
from kcnn.text.distinct import shorten_distinct

NAME = "confusion"
READS: Sequence[str] = ("metrics.csv", "confusion.csv")
NEEDS_IMAGES = False
COMPARES_RUNS = False

# Up to how many classes a cell has room for the count and the per cent, and for the per cent alone.
MAX_CLASSES_WITH_COUNTS = 12
MAX_CLASSES_WITH_PERCENT = 20
MAX_CLASSES_WITH_LARGE_FONT = 5
MAX_CLASS_NAMES = 25
MAX_NAME_LENGTH = 18
# How many characters of names fit in a row below the heat map.
MAX_ROW_LENGTH = 70


def plot(source: FigureInput) -> Figure:
    """Draw the confusion matrix of the run's test images."""
    if has_several_labels(source.run):
        raise InapplicableError(
            f"{source.run.title}: an image may have several labels, and none is confused with "
            "another; kcnn evaluate lists how well each is recognized"
        )
    return draw(read_confusion(source.run), source.curve.headline)


@style.house_style
def draw(confusion: Confusion, title: str) -> Figure:
    """Draw a heat map of the counts, each row in per cent of its true class.

    The row of a class without images stays white and is labeled so.

    Args:
        confusion: Counts and class names.
        title: The run and its headline.
    """
    counts = confusion.counts
    images = counts.sum(axis=1, keepdims=True)
    percents = 100 * counts / np.where(images > 0, images, np.nan)
    figure = style.new_figure(f"Confusion: true and predicted classes\n{title}", height=7.8)
    axes = figure.subplots()
    # Colors by the square root, so that 1 % of mistakes can be seen beside 100 % of hits.
    norm = PowerNorm(0.5, vmin=0, vmax=100)
    image = axes.imshow(percents, cmap=style.HEATMAP, norm=norm, aspect="equal")
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 1, 5, 10, 25, 50, 75, 100])
    bar.set_label("per cent of the true class's images")
    bar.outline.set_visible(False)
    _name_classes(axes, confusion.class_names)
    for row in np.flatnonzero(images == 0).tolist():
        axes.text(
            (len(counts) - 1) / 2, row, "no test images", ha="center", va="center", in_layout=False
        )
    if len(counts) <= MAX_CLASSES_WITH_PERCENT:
        _write_cells(axes, counts, percents)
    return figure


def _name_classes(axes: Axes, class_names: tuple[str, ...]) -> None:
    step = -(-len(class_names) // MAX_CLASS_NAMES)
    ticks = range(0, len(class_names), step)
    shortened = shorten_distinct(class_names, MAX_NAME_LENGTH)
    names = [shortened[tick] for tick in ticks]
    axes.set_yticks(ticks, names)
    axes.set_xticks(ticks, names)
    if max(cell_width(name) for name in names) * len(names) > MAX_ROW_LENGTH:
        axes.tick_params(axis="x", labelrotation=45)
        for label in axes.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")
    every = "" if step == 1 else f" (1 of {step} named)"
    axes.set_xlabel(f"predicted class{every}")
    axes.set_ylabel(f"true class{every}")
    axes.spines[:].set_visible(False)


def _write_cells(axes: Axes, counts: np.ndarray, percents: np.ndarray) -> None:
    with_counts = len(counts) <= MAX_CLASSES_WITH_COUNTS
    for row, column in np.argwhere(counts > 0):
        percent = percents[row, column]
        text = f"{counts[row, column]}\n{percent:.1f} %" if with_counts else f"{percent:.0f}"
        axes.text(
            column,
            row,
            text,
            horizontalalignment="center",
            verticalalignment="center",
            in_layout=False,  # it is inside of its cell already
            fontsize=8 if len(counts) > MAX_CLASSES_WITH_LARGE_FONT else 11,
            # The middle of the color map, from dark to light, is at 25 %: a half is its root.
            color="black" if percent > 25 else "white",
        )
