"""Which classes the model takes for which."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.runs.scores import Confusion

# Up to how many classes a cell has room for count and per cent, and for a number at all.
COUNTS_UP_TO = 12
NUMBERS_UP_TO = 20
FEW = 5
NAMES_UP_TO = 25
LONGEST_NAME = 18
# How many characters fit side by side below the map.
LONGEST_ROW = 70


@style.house_style
def draw(confusion: Confusion, title: str) -> Figure:
    """Draws a heat map of the counts, each row in per cent of its true class.

    The row of a class without images stays white, and says so.

    Args:
        confusion: Counts and class names.
        title: The run and its headline.
    """
    counts = confusion.counts
    images = counts.sum(axis=1, keepdims=True)
    shares = 100 * counts / np.where(images > 0, images, np.nan)
    figure = style.new_figure(f"Confusion: true and predicted classes\n{title}", height=7.8)
    axes = figure.subplots()
    # Square root colours: mistakes of one per cent show beside hits of a hundred.
    norm = PowerNorm(0.5, vmin=0, vmax=100)
    image = axes.imshow(shares, cmap=style.HEATMAP, norm=norm, aspect="equal")
    bar = figure.colorbar(image, ax=axes, shrink=0.8, ticks=[0, 1, 5, 10, 25, 50, 75, 100])
    bar.set_label("per cent of the true class's images")
    bar.outline.set_visible(False)
    _name_classes(axes, confusion.class_names)
    for row in np.flatnonzero(images == 0).tolist():
        axes.text(
            (len(counts) - 1) / 2, row, "no test images", ha="center", va="center", in_layout=False
        )
    if len(counts) <= NUMBERS_UP_TO:
        _write_numbers(axes, counts, shares)
    return figure


def _name_classes(axes: Axes, class_names: tuple[str, ...]) -> None:
    step = -(-len(class_names) // NAMES_UP_TO)
    ticks = range(0, len(class_names), step)
    names = [style.shorten(class_names[tick], LONGEST_NAME) for tick in ticks]
    axes.set_yticks(ticks, names)
    axes.set_xticks(ticks, names)
    if max(len(name) for name in names) * len(names) > LONGEST_ROW:
        axes.tick_params(axis="x", labelrotation=45)
        for label in axes.get_xticklabels():
            label.set(horizontalalignment="right", rotation_mode="anchor")
    every = "" if step == 1 else f" (1 of {step} named)"
    axes.set_xlabel(f"predicted class{every}")
    axes.set_ylabel(f"true class{every}")
    axes.spines[:].set_visible(False)


def _write_numbers(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    both = len(counts) <= COUNTS_UP_TO
    for row, column in np.argwhere(counts > 0):
        share = f"{shares[row, column]:.1f} %" if both else f"{shares[row, column]:.0f}"
        axes.text(
            column,
            row,
            f"{counts[row, column]}\n{share}" if both else share,
            horizontalalignment="center",
            verticalalignment="center",
            in_layout=False,  # in its cell already
            fontsize=8 if len(counts) > FEW else 11,
            # Cividis turns from dark to light at a quarter, the square root of which is a half.
            color="black" if shares[row, column] > 25 else "white",
        )
