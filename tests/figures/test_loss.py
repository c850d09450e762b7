from __future__ import annotations

import math

import pytest

from kcnn.figures import loss
from kcnn.figures.curves import Curve


def run_of(*losses: float) -> Curve:
    rows = [{"epoch": epoch, "loss": value} for epoch, value in enumerate(losses, start=1)]
    return Curve("cifar/run-001", rows)


def test_axis_begins_at_zero() -> None:
    axes = loss.draw([run_of(2.3, 1.1)]).axes[0]
    assert axes.get_yscale() == "linear"
    assert axes.get_ylim()[0] == 0


def test_losses_of_several_decades_have_a_logarithmic_axis_with_plain_numbers(texts) -> None:
    figure = loss.draw([run_of(2.0, 0.2, 0.02)])
    assert figure.axes[0].get_yscale() == "log"
    assert {"0.02", "0.1", "1"} <= texts(figure).keys()


@pytest.mark.parametrize("losses", [(2.0, math.nan), (2.0, math.inf), (0.0, 0.0), (-3.0, -400.0)])
def test_draws_losses_that_have_no_logarithm(losses, cut_texts) -> None:
    figure = loss.draw([run_of(*losses)])
    lowest, highest = figure.axes[0].get_ylim()
    assert lowest <= min(value for value in losses if math.isfinite(value)) <= highest
    assert cut_texts(figure) == []


def test_labels_a_run_without_a_finite_loss(texts) -> None:
    assert "no finite value" in texts(loss.draw([run_of(math.nan, math.inf)]))
    assert "no finite value" not in texts(loss.draw([run_of(math.nan, 2.0)]))


def test_writes_the_test_loss_beside_its_line(curve, texts) -> None:
    assert "test\n0.5" in texts(loss.draw([curve()]))
