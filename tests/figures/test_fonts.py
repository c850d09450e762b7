from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager
from PIL import Image

from kcnn.figures import confusion, fonts, style
from kcnn.figures.run_plots import save_plots
from kcnn.runs.scores import Confusion

# Letters of Java, which Matplotlib's own font does not have; a square is a glyph for each.
KA, GA, NGA = "\ua98f", "\ua992", "\ua994"


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Install fonts on a system that has only Matplotlib's own."""
    own = [entry for entry in fontManager.ttflist if entry.name == fonts.OWN_FAMILY]
    installed: list[str] = []
    monkeypatch.setattr(fontManager, "ttflist", own)
    monkeypatch.setattr(fonts.font_manager, "findSystemFonts", lambda: list(installed))
    fonts.families_for.cache_clear()

    def install(name: str, characters: str, style: str = "Regular", weight: int = 400) -> None:
        installed.append(str(tmp_path / f"{name}-{len(installed)}.ttf"))
        make_font(Path(installed[-1]), name, characters, style, weight)

    yield install
    fonts.families_for.cache_clear()
    fontManager._findfont_cached.cache_clear()


def make_font(path: Path, name: str, characters: str, style: str, weight: int) -> None:
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 800), (800, 800), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    glyphs = {".notdef": pen.glyph(), "square": pen.glyph()}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap({ord(character): "square" for character in characters})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (1000, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    names = {"familyName": name, "styleName": style, "fullName": f"{name} {style}"}
    builder.setupNameTable(names)
    builder.setupOS2(sTypoAscender=800, usWeightClass=weight)
    builder.setupPost()
    builder.save(path)


def drawn(names: tuple[str, ...]):
    return confusion.draw(Confusion(names, np.eye(len(names), dtype=np.int64)), "photos/run-001")


def families(figure) -> list[str]:
    return figure.axes[0].get_yticklabels()[0].get_fontfamily()


def test_a_font_of_the_system_draws_what_the_own_font_lacks(install, tmp_path: Path) -> None:
    assert style.save(drawn((KA, "dog")), tmp_path / "boxes.png") == KA
    fonts.families_for.cache_clear()
    install("Java", KA)
    figure = drawn((KA, "dog"))
    assert style.save(figure, tmp_path / "letters.png") == ""
    assert families(figure) == [fonts.OWN_FAMILY, "Java"]
    with Image.open(tmp_path / "boxes.png") as boxes, Image.open(tmp_path / "letters.png") as png:
        assert boxes.tobytes() != png.tobytes()


@pytest.mark.parametrize("image_format", ["svg", "pdf"])
def test_other_formats_have_the_font_too(install, tmp_path: Path, image_format: str) -> None:
    install("Java", KA)
    assert style.save(drawn((KA, "dog")), tmp_path / f"letters.{image_format}") == ""


def test_the_font_with_the_most_characters_comes_first(install) -> None:
    install("A few", KA)
    install("Two more Sans", KA + GA)
    install("Two more", KA + GA)
    install("The last", NGA)
    chosen = fonts.families_for(frozenset(KA + GA + NGA + "a…→"))
    assert chosen == (("Two more Sans", "The last"), "")


def test_italic_and_bold_fonts_are_not_used(install) -> None:
    install("Java", KA, style="Italic")
    install("Java", KA, style="Bold", weight=700)
    assert fonts.families_for(frozenset(KA)) == ((), KA)


def test_the_regular_font_of_a_family_decides(install) -> None:
    install("Java", GA, style="Light", weight=300)
    install("Java", KA)
    assert fonts.families_for(frozenset(KA)) == (("Java",), "")


def test_characters_of_china_and_japan_have_fonts_of_their_own(install) -> None:
    install("A Sans JP", "猫ね")
    install("B Sans SC", "猫ね")
    assert fonts.families_for(frozenset("猫")) == (("B Sans SC",), "")
    assert fonts.families_for(frozenset("猫ね")) == (("A Sans JP",), "")


def test_a_font_of_boxes_for_everything_is_not_used(install) -> None:
    install("Last resort", KA + "\ufdd0")
    assert fonts.families_for(frozenset(KA)) == ((), KA)


def test_damaged_and_removed_fonts_are_not_used(install, tmp_path: Path) -> None:
    for name in ("Damaged", "Removed", "Whole"):
        install(name, KA)
    (tmp_path / "Damaged-0.ttf").write_bytes(b"no font")
    (tmp_path / "Removed-1.ttf").unlink()
    assert fonts.families_for(frozenset(KA)) == (("Whole",), "")


def test_characters_without_a_glyph_are_not_missing(install) -> None:
    assert fonts.families_for(frozenset("\u200c\u200d\ufe0f\n a")) == ((), "")


def test_boxes_are_reported_once_for_all_plots(install, tmp_path: Path, notes) -> None:
    names = (KA + GA, "猫ね", "\u0e33", "\U0001f9ff")
    plots = {name: lambda: drawn(names) for name in ("confusion", "again")}
    save_plots(plots, tmp_path, "png", True, notes)
    assert notes.lines == [
        "plots have boxes for 6 characters that no font on this computer has: "
        f"\u0e33 ね 猫 {KA} {GA} \U0001f9ff; install Noto Sans Thai, Noto Sans CJK, "
        "Noto Sans Javanese, Noto Emoji "
        "(https://fonts.google.com/noto)"
    ]


def test_nothing_is_reported_for_characters_that_every_plot_has(
    install, tmp_path: Path, notes
) -> None:
    save_plots({"confusion": lambda: drawn(("naïve", "→ …"))}, tmp_path, "png", True, notes)
    assert notes.lines == []
