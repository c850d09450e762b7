from __future__ import annotations

import pytest

from kcnn.figures import reproduction
from kcnn.figures.reproduction import PUBLISHED, Panel, Row
from kcnn.stats import Interval

TEST = Row("test accuracy", (0.66, 0.67, 0.68), Interval(0.65, 0.69), Interval(0.62, 0.72))
TRAINING = Row("training accuracy", (0.72, 0.73, 0.73), Interval(0.72, 0.74), Interval(0.70, 0.75))
PANEL = Panel("test accuracy: published 72.951 %", [TEST, TRAINING], 0.72951, is_fraction=True)


def test_draws_a_line_at_the_published_result() -> None:
    (axes,) = reproduction.draw("cifar", [PANEL]).axes
    (line,) = [line for line in axes.lines if line.get_color() == PUBLISHED]
    assert list(line.get_xdata()) == [pytest.approx(72.951)] * 2


def test_draws_a_point_for_every_seed() -> None:
    (axes,) = reproduction.draw("cifar", [PANEL]).axes
    points = [line.get_xydata() for line in axes.lines if line.get_marker() == "o"]
    assert [len({tuple(point) for point in row}) for row in points] == [3, 3]
    assert list(points[1][:, 0]) == pytest.approx([72, 73, 73])


def test_intervals_end_at_0_and_100_per_cent() -> None:
    row = Row("test accuracy", (0.8, 0.85), Interval(0.51, 1.15), Interval(-0.3, 1.4))
    (axes,) = reproduction.draw("mine", [Panel("nothing published", [row], None, True)]).axes
    (expected,) = axes.patches
    interval = axes.lines[0].get_xdata()
    assert (expected.get_x(), expected.get_x() + expected.get_width()) == (0, 100)
    assert list(interval) == [pytest.approx(51), 100]


def test_draws_a_panel_for_each_result_without_cut_texts(texts, cut_texts) -> None:
    loss = Panel("test loss: published 0.5", [Row("test loss", (0.4,), None, None)], 0.5, False)
    figure = reproduction.draw("cifar: 3 seeds against the source", [PANEL, loss])
    assert {"test accuracy", "training accuracy", "test loss", "published"} <= texts(figure).keys()
    assert figure.axes[1].get_xlabel() == ""
    assert cut_texts(figure) == []


def test_one_seed_has_no_interval(texts) -> None:
    panel = Panel("nothing published", [Row("test accuracy", (0.5,), None, None)], None, True)
    shown = texts(reproduction.draw("mine", [panel]))
    assert "one of our seeds" in shown
    assert not {"published", "mean with its 95 % interval"} & shown.keys()
