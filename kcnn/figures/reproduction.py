"""Published results against several seeds of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from kcnn.figures import style
from kcnn.stats import Interval

OURS, PUBLISHED = style.COLORS[0], style.COLORS[1]
EXPECTED = "#BFD9EC"


@dataclass(frozen=True)
class Row:
    """A quantity that was measured with each seed.

    Args:
        label: The quantity's name.
        values: Its value for each seed.
        interval: The 95 % confidence interval of the mean; None for a single seed.
        expected: The 95 % prediction interval of one more run, on other images too; None for a
            single seed.
    """

    label: str
    values: Sequence[float]
    interval: Interval | None
    expected: Interval | None


@dataclass(frozen=True)
class Panel:
    """Quantities on one scale, and a published result.

    Args:
        title: The quantity and the verdict.
        rows: The quantity that the result is said to be, then the quantity it fits instead, if any.
        published: The published result; None if there is none.
        is_fraction: Whether the values are fractions, drawn in per cent.
    """

    title: str
    rows: Sequence[Row]
    published: float | None
    is_fraction: bool


@style.house_style
def draw(title: str, panels: Sequence[Panel]) -> Figure:
    """Draw a panel for each published result: seeds as points, their mean and interval, and a line.

    Args:
        title: First line of the figure's title.
        panels: One or more panels, from the top down.
    """
    rows = [len(panel.rows) for panel in panels]
    figure = style.new_figure(title, height=1.2 + sum(0.62 + 0.42 * count for count in rows))
    all_axes = figure.subplots(
        len(panels), squeeze=False, gridspec_kw={"height_ratios": [0.6 + count for count in rows]}
    )[:, 0]
    for axes, panel in zip(all_axes, panels, strict=True):
        _draw_panel(axes, panel)
    figure.legend(handles=_legend(panels), loc="outside lower left", ncols=4)
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    scale = 100 if panel.is_fraction else 1
    axes.set_title(panel.title, loc="left")
    for height, row in enumerate(panel.rows):
        _draw_row(axes, _clip_to_fractions(row) if panel.is_fraction else row, height, scale)
    if panel.published is not None:
        axes.axvline(scale * panel.published, color=PUBLISHED, linewidth=2, linestyle="--")
    axes.set_yticks(range(len(panel.rows)), [row.label for row in panel.rows])
    axes.set_ylim(len(panel.rows) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.use_sticky_edges = False  # else bars would touch the edge
    axes.margins(x=0.06)
    axes.grid(True, axis="x")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    if panel.is_fraction:
        axes.set_xlabel("per cent")


def _clip_to_fractions(row: Row) -> Row:
    return replace(
        row,
        interval=row.interval and row.interval.clipped(),
        expected=row.expected and row.expected.clipped(),
    )


def _draw_row(axes: Axes, row: Row, height: int, scale: float) -> None:
    values = scale * np.asarray(row.values)
    if row.expected is not None:
        low, length = row.expected.low, 2 * row.expected.half_width
        axes.barh(height, scale * length, left=scale * low, height=0.62, color=EXPECTED)
    if row.interval is not None:
        ends = [scale * row.interval.low, scale * row.interval.high]
        axes.plot(ends, [height, height], color=OURS, linewidth=2.5)
        axes.plot(values.mean(), height, marker="|", markersize=17, markeredgewidth=2.5, color=OURS)
    # Spread the points vertically, so that equal seeds can be counted.
    spread = height + np.linspace(-0.14, 0.14, len(values)) if len(values) > 1 else [height]
    axes.plot(
        values, spread, linestyle="", marker="o", markersize=6, markerfacecolor="white",
        markeredgecolor="black",
    )  # fmt: skip


def _legend(panels: Sequence[Panel]) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D([], [], linestyle="", marker="o", markerfacecolor="white",
               markeredgecolor="black", label="one of our seeds"),
    ]  # fmt: skip
    if any(row.interval for panel in panels for row in panel.rows):
        handles += [
            Line2D([], [], color=OURS, linewidth=2.5, label="mean with its 95 % interval"),
            Patch(color=EXPECTED, label="95 % range of one more run"),
        ]
    if any(panel.published is not None for panel in panels):
        handles.append(
            Line2D([], [], color=PUBLISHED, linewidth=2, linestyle="--", label="published")
        )
    return handles
