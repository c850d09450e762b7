"""Curves against epochs of one or several runs, for accuracy, loss and learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kcnn.errors import RunError
from kcnn.figures import style
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import PHASE, read_metrics
from kcnn.runs.summary import MAX_METRIC, has_several_labels, read_summary
from kcnn.text.distinct import shorten_distinct
from kcnn.text.numbers import short_per_cent
from kcnn.text.printable import printable

MAX_TITLE_LENGTH = 40
# Entries of the summary's "test" that are not metrics.
NOT_METRICS = ("weights", "images")
TRAINING_LINE: dict[str, Any] = {"linestyle": "-", "marker": "o"}
VALIDATION_LINE: dict[str, Any] = {"linestyle": "--", "marker": "s", "markerfacecolor": "white"}
TEST_LINE: dict[str, Any] = {"linestyle": ":", "linewidth": 1.4}


@dataclass(frozen=True)
class Curve:
    """The metrics of one run by epoch.

    Args:
        title: The run's short name.
        rows: The rows of metrics.csv, one per epoch, all with the same columns.
        test: The metrics on the test images; empty if the run was never scored.
        several_labels: Whether its images may have several labels, so that accuracy counts labels.
    """

    title: str
    rows: Sequence[Mapping[str, float]]
    test: Mapping[str, float] = field(default_factory=dict)
    several_labels: bool = False

    def column(self, name: str) -> np.ndarray | None:
        """Return a column, or None if the run does not have it.

        Values that are not finite become NaN, as do values that only a file edited by hand can
        hold.
        """
        if not self.rows or name not in self.rows[0]:
            return None
        values = self._values(name)
        return np.where(np.abs(values) <= MAX_METRIC, values, np.nan)

    @property
    def epochs(self) -> np.ndarray:
        """The epoch of each row."""
        return self._values("epoch")

    def _values(self, name: str) -> np.ndarray:
        return np.array([row[name] for row in self.rows], float)

    @property
    def fine_tuned_after(self) -> float | None:
        """The last epoch before fine-tuning; None if the run does not fine-tune."""
        phases = self.column(PHASE)
        if phases is None or not (phases > 1).any():
            return None
        return float(self.epochs[int(np.argmax(phases > 1))]) - 1

    @property
    def short_title(self) -> str:
        """The run's name; a long name keeps both ends, which name the recipe and the run."""
        if len(self.title) <= MAX_TITLE_LENGTH:
            return self.title
        half = MAX_TITLE_LENGTH // 2
        return f"{self.title[: half - 1]}…{self.title[-half:]}"

    @property
    def headline(self) -> str:
        """The run's name and its most important metric."""
        return self.headline_as(self.short_title)

    def headline_as(self, name: str) -> str:
        """Return a name for the run and its most important metric."""
        if "accuracy" in self.test:
            return f"{name}: {short_per_cent(self.test['accuracy'])} test accuracy"
        validation = self.column("val_accuracy")
        if validation is None or np.isnan(validation).all():
            return f"{name}: not scored on the test set"
        best = int(np.nanargmax(validation))
        score, epoch = short_per_cent(validation[best]), int(self.epochs[best])
        return f"{name}: {score} best validation accuracy (epoch {epoch})"


def read_curve(run: RunFolder) -> Curve:
    """Read a run's metrics by epoch, and its test metrics if it was scored.

    Raises:
        RunError: metrics.csv is missing, or metrics.csv or summary.json is damaged.
    """
    test = _read_test(run) if run.summary.is_file() else {}
    return Curve(printable(run.title), read_metrics(run), test, has_several_labels(run))


def _read_test(run: RunFolder) -> dict[str, float]:
    summary = read_summary(run)
    names = [name for name in summary.names("test") if name not in NOT_METRICS]
    values = {name: summary.metric(f"test.{name}") for name in names}
    return {name: value for name, value in values.items() if value is not None}


def draw_metric(
    runs: Sequence[Curve], metric: str, title: str, scale: float = 1.0
) -> tuple[Figure, Axes]:
    """Draw a metric on training, validation and test images.

    Args:
        runs: One run or several; each of several has its own color.
        metric: The training column. The validation column is `val_` and this name.
        title: First line of the figure's title.
        scale: Factor for all values.

    Returns:
        The figure and its axes. The vertical axis has no label yet.

    Raises:
        RunError: No run has the column.
    """
    require_column(runs, metric)
    figure, axes = new_axes(runs, title)
    for run, color in zip(runs, style.run_colors(len(runs)), strict=True):
        for name, line in ((metric, TRAINING_LINE), (f"val_{metric}", VALIDATION_LINE)):
            draw_line(axes, run, name, color, line, scale)
        if np.isfinite(run.test.get(metric, np.nan)):
            axes.axhline(scale * run.test[metric], color=color, **TEST_LINE)
    if not np.isfinite(axes.dataLim.y0):
        axes.text(0.5, 0.5, "no finite value", transform=axes.transAxes, ha="center")
    _legend(figure, runs, metric)
    return figure, axes


def require_column(runs: Sequence[Curve], name: str) -> None:
    """Check that at least one run has a column.

    Raises:
        RunError: No run has it.
    """
    if all(run.column(name) is None for run in runs):
        titles = ", ".join(run.title for run in runs)
        raise RunError(f"{titles}: metrics.csv has no column {name}")


def new_axes(runs: Sequence[Curve], title: str, label_above: bool = False) -> tuple[Figure, Axes]:
    """Create a figure whose horizontal axis is epochs, with a line where fine-tuning begins.

    Args:
        runs: One run or several.
        title: First line of the figure's title.
        label_above: Whether the line's label is above the axes, where no legend is.
    """
    second_line = runs[0].headline if len(runs) == 1 else f"{len(runs)} runs"
    # The legend below the axes has a line for each of several runs.
    height = 5 if len(runs) == 1 else 5 + 0.22 * len(runs)
    figure = style.new_figure(f"{title}\n{second_line}", height)
    axes = figure.subplots()
    style.epoch_axis(axes, max(run.epochs.max() for run in runs))
    for run, color in zip(runs, style.run_colors(len(runs)), strict=True):
        if run.fine_tuned_after is not None:
            line_color = style.GREY if len(runs) == 1 else color
            mark_fine_tuning(axes, run.fine_tuned_after + 0.5, line_color, label_above)
    return figure, axes


def mark_fine_tuning(axes: Axes, x: float, color: str, label_above: bool = False) -> None:
    """Draw a line where fine-tuning begins.

    Args:
        axes: The axes, over epochs or steps.
        x: Where on the horizontal axis.
        color: The line's color.
        label_above: Whether its label is above the axes; else inside, right of the line.
    """
    axes.axvline(x, color=color, linewidth=1, linestyle=(0, (6, 3)), zorder=1)
    axes.annotate(
        "fine-tuning",
        xy=(x, 1 if label_above else 0),
        xycoords=("data", "axes fraction"),
        xytext=(0 if label_above else 4, 4),
        textcoords="offset points",
        ha="center" if label_above else "left",
        color=color,
        fontsize="small",
    )


def draw_line(
    axes: Axes, run: Curve, name: str, color: str, line: Mapping[str, Any], scale: float = 1.0
) -> None:
    """Draw a column of a run, if the run has it. Values that are not finite leave gaps.

    Args:
        axes: Where to draw.
        run: The run's metrics.
        name: The column of metrics.csv.
        color: The line's color.
        line: Further arguments of `Axes.plot`.
        scale: Factor of the values, such as 100 for per cent.
    """
    values = run.column(name)
    if values is None:
        return
    # Fewer markers on long curves, so that they do not hide the line.
    every = max(1, len(values) // 25)
    axes.plot(
        run.epochs,
        scale * values,
        color=color,
        markersize=5,
        markevery=every,
        # Do not cut markers at the edges, such as the first epoch and 100 %.
        clip_on=False,
        **line,
    )


def mark_test(
    axes: Axes,
    runs: Sequence[Curve],
    metric: str,
    write: Callable[[float], str],
    scale: float = 1.0,
) -> None:
    """Write a single run's test metric beside its level line. Several runs have it in their legend.

    Args:
        axes: The axes with the line.
        runs: The runs that are drawn there.
        metric: Name of the test metric.
        write: Formats the value.
        scale: Factor that the line was drawn with.
    """
    if len(runs) == 1 and np.isfinite(runs[0].test.get(metric, np.nan)):
        score = runs[0].test[metric]
        axes.annotate(
            f"test\n{write(score)}",
            xy=(1, scale * score),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            verticalalignment="center",
            color=style.COLORS[0],
        )


def _legend(figure: Figure, runs: Sequence[Curve], metric: str) -> None:
    color = style.COLORS[0] if len(runs) == 1 else style.GREY
    handles = [Line2D([], [], color=color, label="training", **TRAINING_LINE)]
    if any(run.column(f"val_{metric}") is not None for run in runs):
        handles.append(Line2D([], [], color=color, label="validation", **VALIDATION_LINE))
    if any(metric in run.test for run in runs):
        handles.append(Line2D([], [], color=color, label="test", **TEST_LINE))
    figure.axes[0].legend(
        handles=handles, ncols=len(handles), loc="lower right", bbox_to_anchor=(1, 1)
    )
    if len(runs) > 1:
        name_runs(figure, runs)


def name_runs(figure: Figure, runs: Sequence[Curve]) -> None:
    """Add a legend below the axes with the color and headline of each run."""
    names = [run.short_title for run in runs]
    if len(set(names)) < len(names):
        names = shorten_distinct([run.title for run in runs], MAX_TITLE_LENGTH)
    colors = style.run_colors(len(runs))
    handles = [
        Line2D([], [], color=color, linewidth=3, label=run.headline_as(name))
        for run, name, color in zip(runs, names, colors, strict=True)
    ]
    figure.legend(handles=handles, loc="outside lower left")
