from __future__ import annotations

import logging
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from kcnn.errors import RunError
from kcnn.figures import accuracy, accuracy_textbook, learning_rate, loss, style
from kcnn.figures.curves import Curve
from kcnn.text.printable import one_line


@pytest.mark.parametrize("image_format", style.FORMATS)
def test_same_figure_has_the_same_bytes(curve, tmp_path: Path, image_format: str) -> None:
    paths = [tmp_path / f"{name}.{image_format}" for name in "ab"]
    for path in paths:
        style.save(accuracy.draw([curve()]), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in paths}


def test_png_fits_a_laptop_screen(curve, tmp_path: Path) -> None:
    style.save(accuracy.draw([curve()]), tmp_path / "new" / "accuracy.png")
    with Image.open(tmp_path / "new" / "accuracy.png") as image:
        assert 800 <= image.width <= 1000
        assert len(image.convert("RGB").getcolors(1 << 20)) > 10


def test_user_settings_of_matplotlib_do_not_change_a_figure(curve, tmp_path: Path) -> None:
    style.save(accuracy.draw([curve()]), tmp_path / "plain.png")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        style.save(accuracy.draw([curve()]), tmp_path / "own.png")
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "own.png").read_bytes() == (tmp_path / "plain.png").read_bytes()


def test_save_raises_if_the_file_cannot_be_written(curve, tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("a file where the folder should be")
    with pytest.raises(RunError, match="plots"):
        style.save(accuracy.draw([curve()]), tmp_path / "plots" / "accuracy.png")


@pytest.mark.parametrize("count", [1, 7, 8, 30])
def test_run_colors_are_distinct(count: int) -> None:
    assert len(set(style.run_colors(count))) == count


def test_draws_a_name_that_is_not_utf8(curve, tmp_path: Path) -> None:
    figure = accuracy.draw([curve()])
    figure.suptitle(one_line("caf\udce9 \x1b", 20))
    style.save(figure, tmp_path / "accuracy.png")
    assert figure.get_suptitle() == "caf\\udce9 \\u001b"


@pytest.mark.parametrize("figure", [accuracy, accuracy_textbook, learning_rate, loss])
@pytest.mark.parametrize("column", ["epoch", "accuracy", "loss", "learning_rate"])
@pytest.mark.parametrize("number", [1e308, -1e308, 3e38])
def test_values_near_the_largest_float_cause_no_warning(
    figure, column: str, number: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    row = {"epoch": 1, "accuracy": 0.5, "loss": 2.0, "learning_rate": 0.1}
    curve = Curve("cifar/run-001", [row, row | {"epoch": 2, column: number}])
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        style.save(figure.draw([curve]), tmp_path / "figure.png")
    assert caplog.messages == []


def test_house_style_ignores_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert style.house_style(lambda: np.float64(1e308) * 100)() == np.inf
