from __future__ import annotations

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.figures import accuracy_textbook, style
from kcnn.figures.curves import Curve


def watched(title: str = "simple_convnet/run-001", epochs: int = 3) -> Curve:
    rows = [
        {
            "epoch": epoch,
            "accuracy": 0.5,
            "first_train_accuracy": 1 - 0.1 / epoch,
            "first_test_accuracy": 1 - 0.2 / epoch,
        }
        for epoch in range(1, epochs + 1)
    ]
    return Curve(title, rows, {"accuracy": 0.9873})


def test_draws_circles_for_training_and_squares_for_test_from_0_to_1(texts) -> None:
    figure = accuracy_textbook.draw([watched()])
    axes = figure.axes[0]
    training, test = axes.lines
    assert (training.get_marker(), test.get_marker()) == ("o", "s")
    assert training.get_color() != test.get_color()
    np.testing.assert_allclose(training.get_ydata(), [0.9, 0.95, 1 - 0.1 / 3])
    np.testing.assert_allclose(test.get_ydata(), [0.8, 0.9, 1 - 0.2 / 3])
    assert axes.get_ylim() == (0, 1)
    assert {"training", "test", "accuracy", "epoch"} <= texts(figure).keys()
    assert "on the first training and test images" in figure.get_suptitle()


def test_draws_validation_without_watch_first(curve, texts) -> None:
    figure = accuracy_textbook.draw([curve(epochs=2)])
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), [0.1, 0.55])
    assert {"training", "validation"} <= texts(figure).keys()
    assert "first" not in figure.get_suptitle()


def test_draws_only_training_without_validation(curve, texts) -> None:
    figure = accuracy_textbook.draw([curve(validation=False)])
    assert len(figure.axes[0].lines) == 1
    assert not {"validation", "test"} & texts(figure).keys()


def test_several_runs_have_a_color_each_and_the_same_kind_of_accuracy(curve, cut_texts) -> None:
    figure = accuracy_textbook.draw([watched("a/run-001"), watched("b/run-001")])
    colors = [line.get_color() for line in figure.axes[0].lines]
    assert colors == [color for color in style.COLORS[:2] for _ in range(2)]
    assert cut_texts(figure) == []
    mixed = accuracy_textbook.draw([watched(), curve(epochs=3)])
    np.testing.assert_allclose(mixed.axes[0].lines[0].get_ydata(), 0.5)


def test_long_training_has_few_markers() -> None:
    line = accuracy_textbook.draw([watched(epochs=200)]).axes[0].lines[0]
    assert line.get_markevery() == 10
    assert len(line.get_xdata()) == 200


def test_refuses_a_run_without_the_column() -> None:
    with pytest.raises(RunError, match="no column accuracy"):
        accuracy_textbook.draw([Curve("a/run-001", [{"epoch": 1, "loss": 2.0}])])
