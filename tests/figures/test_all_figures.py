from __future__ import annotations

from pathlib import Path

import pytest

from kcnn import figures
from kcnn.errors import KcnnError
from kcnn.figures.all_figures import FIGURES, choose_figures, figures_that_compare_runs
from kcnn.figures.run_figure import RunFigure

TESTS = Path(__file__).parent


def test_lists_every_module_that_has_a_plot_function() -> None:
    folder = Path(figures.__file__).parent
    modules = [path.stem for path in folder.glob("*.py") if "\ndef plot(" in path.read_text()]
    assert sorted(figure.NAME for figure in FIGURES) == sorted(modules)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.NAME)
def test_figure_has_a_test_module_of_its_name(figure: RunFigure) -> None:
    assert (TESTS / f"test_{figure.NAME}.py").is_file()


def test_choose_figures_keeps_the_order_of_the_table() -> None:
    names = [figure.NAME for figure in choose_figures(["loss", "accuracy", "loss"])]
    assert names == ["accuracy", "loss"]
    assert choose_figures() == list(FIGURES)


def test_choose_figures_suggests_the_nearest_name() -> None:
    with pytest.raises(KcnnError, match="no such plot; did you mean confusion"):
        choose_figures(["confuson"])


def test_figures_that_compare_runs() -> None:
    assert figures_that_compare_runs() == ["accuracy", "loss", "loss_steps", "learning_rate"]
