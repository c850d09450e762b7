"""The style that all figures share, and how they are saved."""

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

from kcnn.figures.fonts import choose_fonts
from kcnn.files.atomic import atomic

FORMATS = ("png", "svg", "pdf")
PIXELS_PER_INCH = 110
WIDTH = 8.6
MARGIN = 0.12
HEATMAP = "cividis"
GREY = "#555555"  # of a legend that holds for several runs
# From which ratio of the largest to the smallest loss on its axis is logarithmic.
LOGARITHMIC_FROM = 50

# Of PNG files, from 0 to 9. The default, 6, takes twice as long for files that are a sixth smaller.
_COMPRESS_LEVEL = 3
# Without dates in them, files of the same figure have the same bytes.
_DATES = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}

# Okabe and Ito (2008), "Color Universal Design", without yellow, which is hard to see on
# white.
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
    """Set Matplotlib up from its defaults, so that a user's matplotlibrc cannot break a figure."""
    with matplotlib.style.context(["default", _SETTINGS]), warnings.catch_warnings():
        # Values near the largest float leave a gap. Characters that no font has become boxes, which
        # `note_boxes` reports once. The figure is still useful, so the warnings are not.
        warnings.simplefilter("ignore")
        yield


# A decorator for functions that draw and for `save`, because Matplotlib reads some settings when an
# artist is made and others when it is drawn.
house_style = _in_house_style()


def new_figure(title: str, height: float, width: float = WIDTH) -> Figure:
    """Create an empty figure with its title at the upper left.

    Args:
        title: One or two lines.
        height: In inches, of 110 pixels each.
        width: In inches.
    """
    # Without a margin, the layout puts text at the very edge of the paper.
    layout = ConstrainedLayoutEngine(w_pad=MARGIN, h_pad=MARGIN)
    figure = Figure(figsize=(width, height), layout=layout)
    figure.suptitle(title, x=MARGIN / width, horizontalalignment="left")
    return figure


@house_style
def save(figure: Figure, path: Path) -> str:
    """Write a figure to a file atomically. The same figure has the same bytes.

    Args:
        figure: The figure.
        path: The file. Its suffix is one of FORMATS.

    Returns:
        The characters that no font of the system has, for `note_boxes`.

    Raises:
        RunError: The file cannot be written.
    """
    without_font = choose_fonts(figure)
    with atomic(path) as temporary:
        if path.suffix == ".png":
            # savefig would draw each image twice: to lay the figure out and to write it.
            figure.set_dpi(PIXELS_PER_INCH)
            FigureCanvasAgg(figure).print_png(
                temporary,
                metadata={"Software": None},
                pil_kwargs={"compress_level": _COMPRESS_LEVEL},
            )
        else:
            figure.savefig(temporary, metadata=_DATES[path.suffix])
    return without_font


def run_colors(count: int) -> Sequence[str]:
    """Return a color for each run, which color-blind people can distinguish.

    Args:
        count: How many runs. The colors of more than seven runs are steps of viridis, from dark to
            light.
    """
    if count <= len(COLORS):
        return COLORS[:count]
    steps = matplotlib.colormaps["viridis"].resampled(count + 1)
    return [matplotlib.colors.to_hex(steps(step)) for step in range(count)]


def epoch_axis(axes: Axes, epochs: float) -> None:
    """Label the horizontal axis with whole epochs, from 1.

    Args:
        axes: Axes with curves against epochs.
        epochs: The last epoch of the longest curve.
    """
    axes.set_xlim(0.5, epochs + max(0.5, 0.02 * epochs))
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=12, integer=True, min_n_ticks=1))
    axes.grid(True)
    axes.set_axisbelow(True)


def percent_axis(axes: Axes) -> None:
    """Limit the vertical axis, in per cent, to the range from 0 to a little above 100."""
    lowest, highest = axes.get_ylim()
    # Matplotlib's margin around the curves would show values that are impossible.
    axes.set_ylim(max(lowest, 0), min(highest, 100.5))


def loss_axis(axes: Axes, losses: np.ndarray, label: str) -> None:
    """Begin the vertical axis at 0, or make it logarithmic if the losses are far apart.

    Args:
        axes: Axes with the losses.
        losses: All losses. NaN is ignored.
        label: The axis's label.
    """
    losses = losses[np.isfinite(losses)]
    if are_far_apart(losses):
        logarithmic_axis(axes)
        axes.set_ylabel(f"{label} (logarithmic)")
    else:
        axes.set_ylim(bottom=min(0, losses.min(initial=0)))
        axes.set_ylabel(label)


def are_far_apart(losses: np.ndarray) -> bool:
    """Return whether losses, all finite, are above 0 and span more than a factor of 50."""
    return bool(len(losses) and losses.min() > 0 and losses.max() / losses.min() > LOGARITHMIC_FROM)


def logarithmic_axis(axes: Axes) -> None:
    """Make the vertical axis logarithmic, with plain numbers such as 0.01 instead of powers."""
    axes.set_yscale("log")
    lowest, highest = axes.get_ylim()
    # An axis of two or three decades has room for labels between the powers of ten.
    between = (1.0, 2.0, 5.0) if highest / lowest < 2000 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(subs=between))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
