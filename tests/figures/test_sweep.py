from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from kcnn.figures import sweep
from kcnn.figures.curves import Curve
from kcnn.figures.sweep import Series


def shifted(curve: Curve, by: float) -> Curve:
    return with_column(curve, "val_accuracy", [row["val_accuracy"] + by for row in curve.rows])


def with_column(curve: Curve, name: str, values: Sequence[float]) -> Curve:
    rows = zip(curve.rows, values, strict=True)
    return replace(curve, rows=[{**row, name: value} for row, value in rows])


def test_draws_a_line_for_each_series(curve: Callable[..., Curve], texts) -> None:
    figure = sweep.draw(
        "cifar: train.optimizer", [Series("SGD", [curve()]), Series("Adam", [curve()])]
    )
    above, below = figure.axes
    assert len(above.lines) == len(below.lines) == 2
    assert not above.collections
    shown = texts(figure)
    assert {"SGD", "Adam", "validation accuracy (%)", "cifar: train.optimizer"} <= shown.keys()


def test_draws_the_mean_of_the_seeds_and_their_band(curve: Callable[..., Curve], texts) -> None:
    seeds = [shifted(curve(), by) for by in (0.0, 0.03, 0.06)]
    figure = sweep.draw("cifar", [Series("SGD", seeds)])
    above = figure.axes[0]
    middle = [100 * row["val_accuracy"] for row in seeds[1].rows]
    assert list(above.lines[0].get_ydata()) == pytest.approx(middle)
    heights = above.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(middle[0] - 3)
    assert heights.max() == pytest.approx(middle[-1] + 3)
    assert any("mean of 3 seeds, with a band from" in text for text in texts(figure))
    figure = sweep.draw("cifar", [Series("SGD", seeds), Series("Adam", seeds[:1])])
    assert any("mean of up to 3 seeds, with a band from" in text for text in texts(figure))


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("first_test_accuracy", "accuracy on the first test images (%)"),
        ("accuracy", "training accuracy (%)"),
    ],
)
def test_draws_the_best_column_that_every_run_has(
    column: str, words: str, curve: Callable[..., Curve]
) -> None:
    plain, validated = (
        with_column(run, column, [row["accuracy"] for row in run.rows])
        for run in (curve(validation=False), curve())
    )
    figure = sweep.draw("cifar", [Series("without", [plain]), Series("with", [validated])])
    assert figure.axes[0].get_ylabel() == words
    assert figure.axes[1].get_ylabel() == "training loss"


def test_mean_ends_with_the_shortest_run(curve: Callable[..., Curve]) -> None:
    figure = sweep.draw("cifar", [Series("SGD", [curve(epochs=3), curve(epochs=5)])])
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2, 3]


def test_losses_far_apart_have_a_logarithmic_axis(curve: Callable[..., Curve]) -> None:
    high = with_column(curve(), "val_loss", [500.0] * 5)
    figure = sweep.draw("cifar", [Series("a", [curve()]), Series("b", [high])])
    assert figure.axes[1].get_yscale() == "log"
    assert "logarithmic" in figure.axes[1].get_ylabel()


def test_infinite_loss_leaves_a_gap(curve: Callable[..., Curve]) -> None:
    infinite = with_column(curve(), "val_loss", [1, np.inf, 1, 1, 1])
    figure = sweep.draw("cifar", [Series("a", [infinite])])
    assert np.isnan(figure.axes[1].lines[0].get_ydata()).tolist() == [False, True] + [False] * 3


@pytest.mark.parametrize("count", [1, 6, 20])
def test_texts_are_not_cut(
    count: int, curve: Callable[..., Curve], cut_texts: Callable[[Figure], list[str]]
) -> None:
    label = "SGD: {learning_rate: 0.01, momentum: 0.9, nesterov: true, clipnorm: 1.0}" * 2
    series = [Series(f"{number} {label}", [curve()]) for number in range(count)]
    assert cut_texts(sweep.draw("cifar: train.optimizer", series)) == []
