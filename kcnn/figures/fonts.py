"""Fonts of the system for characters that Matplotlib's own font does not have."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, FontProperties, fontManager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from kcnn.progress import Progress
from kcnn.text.cells import JOINERS
from kcnn.text.listed import listed
from kcnn.text.numbers import count_text

OWN_FAMILY = "DejaVu Sans"  # comes with Matplotlib
MAX_NAMED = 6  # characters in a note
# No character has this code. Only fonts that draw a box for everything have a glyph for it.
_NO_CHARACTER = 0xFDD0
# Weights that look like the other text, by their distance from a regular weight.
_REGULAR, _MAX_BOLD_APART = 400, 100
# Noto's fonts are named after the scripts; these scripts share one.
_CJK = frozenset(
    ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH")
)


def choose_fonts(figure: Figure) -> str:
    """Let a figure use fonts of the system where the usual font lacks characters.

    Args:
        figure: The figure, drawn in the house style but not saved yet.

    Returns:
        The characters that no font has, in the order of their codes. They become boxes.
    """
    # Tick labels have their text only after this.
    for axes in figure.axes:
        axes.get_xticklabels()
        axes.get_yticklabels()
    texts = [text for text in figure.findobj(Text) if not text.get_text().isascii()]
    characters = frozenset().union(*(text.get_text() for text in texts))
    families, without = families_for(characters)
    if families:
        for text in texts:
            text.set_fontfamily([OWN_FAMILY, *families])
    return without


def note_boxes(characters: str, progress: Progress) -> None:
    """Report characters that no font has, if there are any, and which fonts to install."""
    if not characters:
        return
    # A mark alone cannot be read.
    ordered = sorted(characters, key=lambda character: unicodedata.category(character)[0] == "M")
    named = listed(ordered, MAX_NAMED, " ")
    fonts = ", ".join(dict.fromkeys(map(_noto_font, ordered)))
    progress.note(
        f"plots have boxes for {count_text(len(characters), 'character')} that no font on this "
        f"computer has: {named}; install {fonts} (https://fonts.google.com/noto)"
    )


def _noto_font(character: str) -> str:
    """Return the name of a free font that should have a character."""
    script = unicodedata.name(character, "unknown").split()[0]
    if script in _CJK:
        return "Noto Sans CJK"
    if unicodedata.category(character)[0] in "LMN":
        return f"Noto Sans {script.title()}"
    return "Noto Sans Symbols 2" if ord(character) < 0x1F000 else "Noto Emoji"


@cache
def families_for(characters: frozenset[str]) -> tuple[tuple[str, ...], str]:
    """Choose fonts for the characters that Matplotlib's own font lacks.

    The family with the most of them comes first, so that a word is drawn in one font.

    Returns:
        Names of families, and the characters that no font has.
    """
    visible = {character for character in characters if _is_drawn(character)}
    with _quiet():
        missing = visible - _covered(visible, _find(OWN_FAMILY))
        families: list[str] = []
        entries: list[FontEntry] = []
        for find in (_known_entries, _new_entries):
            if missing:
                entries.extend(find())
                found, missing = _choose(missing, entries)
                families.extend(found)
    return tuple(families), "".join(sorted(missing))


def _choose(missing: set[str], entries: Iterable[FontEntry]) -> tuple[list[str], set[str]]:
    """Return the families of fonts with missing characters, and the characters that none has."""
    covered = {entry.name: _covered(missing, _open(entry)) for entry in entries}
    families = []
    while missing and covered:
        best = min(covered, key=lambda name: _order(name, covered[name] & missing))
        # Matplotlib looks for the family again, and may find another file of it.
        found = covered.pop(best) & missing & _covered(missing, _find(best))
        if found:
            families.append(best)
            missing = missing - found
    return families, missing


def _order(name: str, characters: set[str]) -> tuple[int, bool, bool, str]:
    """Return what is smaller for a better family; the name decides between equal ones."""
    is_sans = "sans" in name.lower() or "gothic" in name.lower()
    # Many Chinese characters look different in Japan. Names of fonts end in the region.
    region = "JP" if any("\u3041" <= character <= "\u30ff" for character in characters) else "SC"
    return -len(characters), not is_sans, not name.endswith(region), name


def _known_entries() -> Iterator[FontEntry]:
    """List the upright, regular fonts that Matplotlib knows, one of each family."""
    return _regular(fontManager.ttflist)


def _new_entries() -> Iterator[FontEntry]:
    """List fonts that were installed after Matplotlib listed the system's fonts for its cache."""
    known = {entry.fname for entry in fontManager.ttflist}
    before = len(fontManager.ttflist)
    for path in sorted(set(font_manager.findSystemFonts()) - known):
        # A damaged font, or one without outlines, raises nearly anything.
        try:
            fontManager.addfont(path)
        except Exception:
            continue
    return _regular(fontManager.ttflist[before:])


def _regular(entries: Iterable[FontEntry]) -> Iterator[FontEntry]:
    chosen: dict[str, FontEntry] = {}
    for entry in entries:
        if entry.style == "normal" and _boldness(entry) <= _MAX_BOLD_APART:
            former = chosen.setdefault(entry.name, entry)
            if _boldness(entry) < _boldness(former):
                chosen[entry.name] = entry
    return iter(chosen.values())


def _boldness(entry: FontEntry) -> int:
    weight = entry.weight
    number = font_manager.weight_dict[weight] if isinstance(weight, str) else weight
    return abs(number - _REGULAR)


def _find(family: str) -> FT2Font | None:
    """Open the font that Matplotlib uses for a family; None if there is none."""
    try:
        path = fontManager.findfont(FontProperties(family=[family]), fallback_to_default=False)
    except ValueError:
        return None
    return _open_file(path, path.face_index)


def _open(entry: FontEntry) -> FT2Font | None:
    return _open_file(entry.fname, entry.index)


def _open_file(path: str, face_index: int) -> FT2Font | None:
    """Open a font; None if it cannot be read, or has a box for everything."""
    try:
        font = FT2Font(path, face_index=face_index)
    except Exception:  # damaged, or removed
        return None
    return None if font.get_char_index(_NO_CHARACTER) else font


def _covered(characters: Iterable[str], font: FT2Font | None) -> set[str]:
    if font is None:
        return set()
    return {character for character in characters if font.get_char_index(ord(character))}


def _is_drawn(character: str) -> bool:
    """Return whether a character needs a glyph: no joiner, line end or selector of a variant."""
    is_selector = "\ufe00" <= character <= "\ufe0f"
    return character.isprintable() and not is_selector and character not in JOINERS


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what Matplotlib logs about fonts that it cannot read or that are missing."""
    logger = logging.getLogger("matplotlib.font_manager")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
