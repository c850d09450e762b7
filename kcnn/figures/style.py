"""The look that all pictures share, and how they are saved."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from kcnn.files.atomic import atomic
from kcnn.text.printable import printable

FORMATS = ("png", "svg", "pdf")
PIXELS_PER_INCH = 110
WIDTH = 8.6
MARGIN = 0.12
HEATMAP = "cividis"
LOGARITHMIC_FROM = 50

# Without them the same figure gives the same bytes.
_DATES = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}

# Okabe and Ito (2008), "Color Universal Design", without the yellow that white paper swallows.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")

_SETTINGS = {
    "font.size": 10,
    "axes.titlesize": 10,
    "figure.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": "#DDDDDD",
    "legend.frameon": False,
    "image.interpolation": "nearest",
    "savefig.dpi": PIXELS_PER_INCH,
    "savefig.facecolor": "white",
    "svg.hashsalt": "kcnn",
    # Class names may hold dollar signs.
    "text.parse_math": False,
}


@contextmanager
def _in_house_style() -> Iterator[None]:
    """Sets matplotlib up, from its defaults: a user's own matplotlibrc cannot break a picture."""
    with matplotlib.style.context(["default", _SETTINGS]), warnings.catch_warnings():
        # A number near the largest, or a class name in a script that the font lacks, leaves a gap
        # or boxes; the picture still serves.
        warnings.simplefilter("ignore")
        yield


# A decorator, because matplotlib reads some settings when an artist is made and some when it is
# drawn.
house_style = _in_house_style()


def new_figure(title: str, height: float, width: float = WIDTH) -> Figure:
    """Makes an empty figure with its title at the upper left.

    Args:
        title: One or two lines.
        height: In inches, at 110 pixels each.
        width: In inches.
    """
    # Without a margin the layout sets text hard against the paper's edge.
    layout = ConstrainedLayoutEngine(w_pad=MARGIN, h_pad=MARGIN)
    figure = Figure(figsize=(width, height), layout=layout)
    figure.suptitle(title, x=MARGIN / width, horizontalalignment="left")
    return figure


@house_style
def save(figure: Figure, path: Path) -> None:
    """Writes a picture whole or not at all; the same figure gives the same bytes.

    Args:
        figure: What to write.
        path: Where; its suffix, one of FORMATS, says as what.

    Raises:
        RunError: The file cannot be written.
    """
    with atomic(path) as temporary:
        if path.suffix == ".png":
            # savefig would draw every image twice: once to lay the figure out, once to write it.
            figure.set_dpi(PIXELS_PER_INCH)
            FigureCanvasAgg(figure).print_png(temporary, metadata={"Software": None})
        else:
            figure.savefig(temporary, metadata=_DATES[path.suffix])


def run_colors(count: int) -> Sequence[str]:
    """Gives each of some runs a colour, told apart by colour-blind eyes as well.

    Args:
        count: How many runs; beyond seven the colours are steps of one map, dark to light.
    """
    if count <= len(COLORS):
        return COLORS[:count]
    steps = matplotlib.colormaps["viridis"].resampled(count + 1)
    return [matplotlib.colors.to_hex(steps(step)) for step in range(count)]


def shorten(text: str, length: int) -> str:
    """Puts a text on one line of at most `length` characters; an ellipsis marks a cut."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def epoch_axis(axes: Axes, epochs: float) -> None:
    """Labels the horizontal axis with whole epochs, the first of them 1.

    Args:
        axes: Where curves against epochs are drawn.
        epochs: The last epoch of the longest curve.
    """
    axes.set_xlim(0.5, epochs + max(0.5, 0.02 * epochs))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True, min_n_ticks=1))
    axes.grid(True)
    axes.set_axisbelow(True)


def percent_axis(axes: Axes) -> None:
    """Keeps the vertical axis, which counts per cent, from 0 to a little above 100."""
    lowest, highest = axes.get_ylim()
    # The margin around the curves must not promise what cannot be.
    axes.set_ylim(max(lowest, 0), min(highest, 100.5))


def loss_axis(axes: Axes, losses: np.ndarray, label: str) -> None:
    """Lets the vertical axis begin at 0, or makes it logarithmic where losses lie far apart.

    Args:
        axes: Where the losses are drawn.
        losses: All of them; NaN where there is none.
        label: What they are.
    """
    losses = losses[np.isfinite(losses)]
    if are_far_apart(losses):
        logarithmic(axes)
        axes.set_ylabel(f"{label} (logarithmic)")
    else:
        axes.set_ylim(bottom=min(0, losses.min(initial=0)))
        axes.set_ylabel(label)


def are_far_apart(losses: np.ndarray) -> bool:
    """Says whether losses, all finite, are above 0 and span more than a factor of 50."""
    return bool(len(losses) and losses.min() > 0 and losses.max() / losses.min() > LOGARITHMIC_FROM)


def logarithmic(axes: Axes) -> None:
    """Makes the vertical axis logarithmic, with plain numbers: 0.01 and not a power."""
    axes.set_yscale("log")
    lowest, highest = axes.get_ylim()
    # Two or three decades have room for numbers between the powers of ten.
    between = (1.0, 2.0, 5.0) if highest / lowest < 2000 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=between))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
