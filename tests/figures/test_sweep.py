from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from kcnn.figures import sweep
from kcnn.figures.curves import Curve
from kcnn.figures.sweep import Series


def shifted(curve: Curve, by: float) -> Curve:
    rows = [{**row, "val_accuracy": row["val_accuracy"] + by} for row in curve.rows]
    return replace(curve, rows=rows)


def test_a_line_a_combination_and_only_what_differs(curve: Callable[..., Curve], texts) -> None:
    figure = sweep.draw(
        "cifar: train.optimizer", [Series("SGD", [curve()]), Series("Adam", [curve()])]
    )
    above, below = figure.axes
    assert len(above.lines) == len(below.lines) == 2
    assert not above.collections
    shown = texts(figure)
    assert {"SGD", "Adam", "validation accuracy (%)", "cifar: train.optimizer"} <= shown.keys()


def test_the_mean_of_the_seeds_in_their_band(curve: Callable[..., Curve], texts) -> None:
    seeds = [shifted(curve(), by) for by in (0.0, 0.03, 0.06)]
    figure = sweep.draw("cifar", [Series("SGD", seeds)])
    above = figure.axes[0]
    middle = [100 * row["val_accuracy"] for row in seeds[1].rows]
    assert list(above.lines[0].get_ydata()) == pytest.approx(middle)
    heights = above.collections[0].get_paths()[0].vertices[:, 1]
    assert heights.min() == pytest.approx(middle[0] - 3)
    assert heights.max() == pytest.approx(middle[-1] + 3)
    assert any("mean of 3 seeds, in a band from" in text for text in texts(figure))
    figure = sweep.draw("cifar", [Series("SGD", seeds), Series("Adam", seeds[:1])])
    assert any("mean of up to 3 seeds, in a band from" in text for text in texts(figure))


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("first_test_accuracy", "accuracy on the first test images (%)"),
        ("accuracy", "training accuracy (%)"),
    ],
)
def test_what_every_run_measured(column: str, words: str, curve: Callable[..., Curve]) -> None:
    plain = curve(validation=False)
    plain = replace(plain, rows=[{**row, column: row["accuracy"]} for row in plain.rows])
    validated = replace(curve(), rows=[{**row, column: row["accuracy"]} for row in curve().rows])
    figure = sweep.draw("cifar", [Series("without", [plain]), Series("with", [validated])])
    assert figure.axes[0].get_ylabel() == words
    assert figure.axes[1].get_ylabel() == "training loss"


def test_seeds_that_stopped_early(curve: Callable[..., Curve]) -> None:
    figure = sweep.draw("cifar", [Series("SGD", [curve(epochs=3), curve(epochs=5)])])
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2, 3]


def test_losses_far_apart_are_logarithmic(curve: Callable[..., Curve]) -> None:
    high = replace(curve(), rows=[{**row, "val_loss": 500.0} for row in curve().rows])
    figure = sweep.draw("cifar", [Series("a", [curve()]), Series("b", [high])])
    assert figure.axes[1].get_yscale() == "log"
    assert "logarithmic" in figure.axes[1].get_ylabel()


def test_a_loss_that_is_no_number_leaves_a_gap(curve: Callable[..., Curve]) -> None:
    rows = [{**row, "val_loss": np.inf} if row["epoch"] == 2 else row for row in curve().rows]
    figure = sweep.draw("cifar", [Series("a", [replace(curve(), rows=rows)])])
    assert np.isnan(figure.axes[1].lines[0].get_ydata()).tolist() == [False, True] + [False] * 3


@pytest.mark.parametrize("count", [1, 6, 20])
def test_texts_are_whole(
    count: int, curve: Callable[..., Curve], cut_texts: Callable[[Figure], list[str]]
) -> None:
    label = "SGD: {learning_rate: 0.01, momentum: 0.9, nesterov: true, clipnorm: 1.0}" * 2
    series = [Series(f"{number} {label}", [curve()]) for number in range(count)]
    assert cut_texts(sweep.draw("cifar: train.optimizer", series)) == []
