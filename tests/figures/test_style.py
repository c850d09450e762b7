from __future__ import annotations

from pathlib import Path

import matplotlib
import pytest
from PIL import Image

from kcnn.errors import RunError
from kcnn.figures import accuracy, style


@pytest.mark.parametrize("image_format", style.FORMATS)
def test_the_same_run_gives_the_same_bytes(curve, tmp_path: Path, image_format: str) -> None:
    paths = [tmp_path / f"{name}.{image_format}" for name in "ab"]
    for path in paths:
        style.save(accuracy.draw([curve()]), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in paths}


def test_a_png_fits_a_laptop(curve, tmp_path: Path) -> None:
    style.save(accuracy.draw([curve()]), tmp_path / "new" / "accuracy.png")
    with Image.open(tmp_path / "new" / "accuracy.png") as picture:
        assert 800 <= picture.width <= 1000
        assert len(picture.convert("RGB").getcolors(1 << 20)) > 10


def test_the_users_own_settings_do_not_change_a_picture(curve, tmp_path: Path) -> None:
    style.save(accuracy.draw([curve()]), tmp_path / "plain.png")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "black"}):
        style.save(accuracy.draw([curve()]), tmp_path / "own.png")
        assert matplotlib.rcParams["font.size"] == 30
    assert (tmp_path / "own.png").read_bytes() == (tmp_path / "plain.png").read_bytes()


def test_a_picture_that_cannot_be_written_is_a_run_error(curve, tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("a file where the folder should be")
    with pytest.raises(RunError, match="plots"):
        style.save(accuracy.draw([curve()]), tmp_path / "plots" / "accuracy.png")


@pytest.mark.parametrize("count", [1, 7, 8, 30])
def test_each_run_has_a_colour_of_its_own(count: int) -> None:
    assert len(set(style.run_colors(count))) == count


def test_shorten_keeps_one_line() -> None:
    assert style.shorten("short", 5) == "short"
    assert style.shorten("a long\nname", 8) == "a long…"


def test_a_name_that_is_no_text_can_be_drawn(curve, tmp_path: Path) -> None:
    figure = accuracy.draw([curve()])
    figure.suptitle(style.shorten("caf\udce9 \x1b", 20))
    style.save(figure, tmp_path / "accuracy.png")
    assert figure.get_suptitle() == "caf\\udce9 \\u001b"
