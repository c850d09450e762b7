from __future__ import annotations

import numpy as np
import pytest

from kcnn.figures import confusion
from kcnn.runs.scores import Confusion


def table(classes: int, name: str = "class {}") -> Confusion:
    counts = np.ones((classes, classes), dtype=np.int64) + 90 * np.eye(classes, dtype=np.int64)
    return Confusion(tuple(name.format(number) for number in range(classes)), counts)


def test_rows_are_in_per_cent_of_the_true_class_and_cells_show_counts_too(texts) -> None:
    counts = np.array([[3, 1], [0, 8]])
    figure = confusion.draw(Confusion(("cat", "dog"), counts), "cifar/run-001")
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), [[75, 25], [0, 100]])
    assert {"3\n75.0 %", "1\n25.0 %", "8\n100.0 %", "cat", "dog"} <= texts(figure).keys()
    assert "0\n0.0 %" not in texts(figure)


def test_row_of_a_class_without_images_stays_white(texts) -> None:
    figure = confusion.draw(Confusion(("cat", "dog"), np.array([[4, 0], [0, 0]])), "run")
    drawn = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(drawn[0], [100, 0])
    assert drawn.mask.tolist() == [[False, False], [True, True]]
    assert "no test images" in texts(figure)


@pytest.mark.parametrize(("classes", "named", "cells"), [(20, 20, 400), (21, 21, 0), (100, 25, 0)])
def test_many_classes_leave_out_numbers_before_names(classes: int, named: int, cells: int) -> None:
    axes = confusion.draw(table(classes), "run").axes[0]
    assert len(axes.get_yticks()) == len(axes.get_xticks()) == named
    assert len(axes.texts) == cells


@pytest.mark.parametrize("classes", [2, 10, 20, 100])
def test_long_names_are_not_cut_and_not_read_as_formulas(classes, cut_texts) -> None:
    figure = confusion.draw(table(classes, "class {} of $x_2 with a name that has no end"), "run")
    assert cut_texts(figure) == []


def test_layout_ignores_the_texts_in_cells(laid_out) -> None:
    assert laid_out(confusion.draw(table(10), "run").axes[0]) == []


def test_names_that_begin_alike_look_different() -> None:
    names = tuple(f"Peripheral_visual_{name}" for name in ("field", "cortex", "acuity"))
    figure = confusion.draw(Confusion(names, np.eye(3, dtype=np.int64)), "cifar/run-001")
    axes = figure.axes[0]
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert len({label.get_text() for label in labels}) == 3
