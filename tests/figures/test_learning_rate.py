from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.figures import learning_rate
from kcnn.figures.curves import Curve


def run_of(rates: list[float]) -> Curve:
    rows = [{"epoch": epoch, "learning_rate": rate} for epoch, rate in enumerate(rates, start=1)]
    return Curve("resnet20/run-001", rows)


def test_cosine_has_a_linear_axis() -> None:
    rates = [0.05 * (1 + math.cos(math.pi * epoch / 30)) for epoch in range(30)]
    axes = learning_rate.draw([run_of(rates)]).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] == 0
    np.testing.assert_allclose(axes.lines[0].get_ydata(), rates)


def test_steps_have_a_logarithmic_axis(texts) -> None:
    figure = learning_rate.draw([run_of([0.1] * 3 + [0.01] * 3 + [0.001] * 3)])
    assert figure.axes[0].get_yscale() == "log"
    assert {"0.1", "0.01", "0.001"} <= texts(figure).keys()


def test_several_runs_have_a_legend(curve, texts) -> None:
    figure = learning_rate.draw([curve("a/run-001"), curve("b/run-001")])
    assert {"a/run-001: 81.2 % test accuracy", "b/run-001: 81.2 % test accuracy"} <= texts(
        figure
    ).keys()


def test_the_label_of_fine_tuning_lies_on_no_marker(texts) -> None:
    rates = [1e-3, 1e-3, 1e-3, 1e-5, 1e-5]
    run = run_of(rates)
    rows = [row | {"phase": 1 if row["epoch"] < 4 else 2} for row in run.rows]
    figure = learning_rate.draw([replace(run, rows=rows)])
    label, axes = texts(figure)["fine-tuning"], figure.axes[0]
    assert label.y0 >= axes.bbox.y1
    middle = axes.transData.transform((3.5, 1e-4))[0]
    assert label.x0 < middle < label.x1


def test_refuses_a_run_without_the_column() -> None:
    with pytest.raises(RunError, match="no column learning_rate"):
        learning_rate.draw([Curve("a/run-001", [{"epoch": 1}])])
