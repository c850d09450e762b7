from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kcnn.errors import KcnnError, RunError
from kcnn.figures import accuracy, style
from kcnn.figures.curves import Curve


def test_draws_training_validation_and_test_accuracy_in_per_cent(curve, texts) -> None:
    figure = accuracy.draw([curve(epochs=2)])
    training, validation, test = figure.axes[0].lines
    np.testing.assert_allclose(training.get_ydata(), [20, 60])
    np.testing.assert_allclose(validation.get_ydata(), [10, 55])
    np.testing.assert_allclose(test.get_ydata(), 81.25)
    assert (training.get_linestyle(), training.get_marker()) == ("-", "o")
    assert (validation.get_linestyle(), validation.get_marker()) == ("--", "s")
    assert {"training", "validation", "test", "epoch", "test\n81.2 %"} <= texts(figure).keys()
    assert "cifar/run-001: 81.2 % test accuracy" in figure.get_suptitle()


def test_several_runs_have_different_colors_and_a_legend(curve, texts, cut_texts) -> None:
    names = [f"cifar/run-{number:03d}" for number in range(1, 4)]
    figure = accuracy.draw([curve(name, epochs=3 + len(name) % 2) for name in names])
    colors = [line.get_color() for line in figure.axes[0].lines]
    assert colors == [color for color in style.COLORS[:3] for _ in range(3)]
    assert {f"{name}: 81.2 % test accuracy" for name in names} <= texts(figure).keys()
    assert cut_texts(figure) == []


def test_one_epoch_is_drawn_as_points_on_a_whole_epoch(curve, texts) -> None:
    figure = accuracy.draw([curve(epochs=1)])
    lowest, highest = figure.axes[0].get_xlim()
    assert lowest < 1 < highest
    assert [tick for tick in figure.axes[0].get_xticks() if lowest <= tick <= highest] == [1]
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_draws_only_training_without_validation_and_test(curve, texts) -> None:
    figure = accuracy.draw([curve(validation=False, scored=False)])
    assert len(figure.axes[0].lines) == 1
    assert not {"validation", "test"} & texts(figure).keys()


def test_long_names_are_not_cut(curve, cut_texts) -> None:
    title = "a-recipe-with-a-very-long-name" * 3 + "/a-run-with-a-long-name-too"
    assert cut_texts(accuracy.draw([curve(title, epochs=200)])) == []
    assert cut_texts(accuracy.draw([curve(title), curve(title, scored=False)])) == []


def test_axis_ends_at_a_hundred_per_cent(curve) -> None:
    assert accuracy.draw([curve(epochs=500)]).axes[0].get_ylim()[1] <= 100.5


def test_axis_says_what_is_counted(curve) -> None:
    several = replace(curve(), several_labels=True)
    for runs, counted in (([curve()], "images"), ([several], "labels"),
                          ([several, curve()], "images or labels")):  # fmt: skip
        assert accuracy.draw(runs).axes[0].get_ylabel() == f"accuracy (% of {counted})"


def test_refuses_a_run_without_the_column() -> None:
    with pytest.raises(RunError, match=r"cifar/run-001: metrics\.csv has no column accuracy"):
        accuracy.draw([Curve("cifar/run-001", [{"epoch": 1, "loss": 2.0}])])


def test_check_style_refuses_unknown_and_unused_styles() -> None:
    accuracy.check_style("textbook", ["accuracy", "loss"])
    accuracy.check_style("default", ["loss"])
    with pytest.raises(KcnnError, match="book: no such style"):
        accuracy.check_style("book", ["accuracy"])
    with pytest.raises(KcnnError, match="not among loss, samples"):
        accuracy.check_style("textbook", ["loss", "samples"])
