"""Fixtures for the tests of figures."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from kcnn.figures.curves import Curve


@pytest.fixture
def texts() -> Callable[[Figure], dict[str, Bbox]]:
    """Find every visible text of a figure, with its bounding box in pixels."""

    def find(figure: Figure) -> dict[str, Bbox]:
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        hidden = _ticks_beyond_the_axes(figure)
        return {
            text.get_text(): text.get_window_extent(canvas.get_renderer())
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text() and text not in hidden
        }

    return find


@pytest.fixture
def cut_texts(texts: Callable[[Figure], dict[str, Bbox]]) -> Callable[[Figure], list[str]]:
    """Find the texts that the edge of a figure cuts."""

    def find(figure: Figure) -> list[str]:
        paper = figure.bbox
        return [
            text
            for text, box in texts(figure).items()
            if box.x0 < 0 or box.y0 < 0 or box.x1 > paper.x1 or box.y1 > paper.y1
        ]

    return find


@pytest.fixture
def laid_out() -> Callable[[Axes], list[Artist]]:
    """Find the images and texts within axes that the layout considers, which takes long."""

    def find(axes: Axes) -> list[Artist]:
        seen = axes.get_default_bbox_extra_artists()
        return [artist for artist in (*axes.images, *axes.texts) if artist in seen]

    return find


@pytest.fixture
def curve() -> Callable[..., Curve]:
    """Make a run of some epochs, with validation and test metrics by default."""

    def make(
        title: str = "cifar/run-001", epochs: int = 5, validation: bool = True, scored: bool = True
    ) -> Curve:
        rows = []
        for epoch in range(1, epochs + 1):
            row = {"epoch": epoch, "loss": 2 / epoch, "accuracy": 1 - 0.8 / epoch}
            if validation:
                row |= {"val_loss": 2.2 / epoch, "val_accuracy": 1 - 0.9 / epoch}
            rows.append(row | {"learning_rate": 0.001, "seconds": 3.0})
        test = {"loss": 0.5, "accuracy": 0.8125} if scored else {}
        return Curve(title, rows, test)

    return make


def _ticks_beyond_the_axes(figure: Figure) -> set[Text]:
    hidden = set()
    for axes in figure.axes:
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            for tick in axis.get_major_ticks():
                if not min(limits) <= tick.get_loc() <= max(limits):
                    hidden |= {tick.label1, tick.label2}
    return hidden
