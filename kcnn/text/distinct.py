"""Names shortened together, so that no two of them look the same."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count

from kcnn.text.cells import JOINERS, cell_width, cut, cut_beginning
from kcnn.text.printable import plain_line, shorten

_WITHOUT_JOINERS = {ord(joiner): None for joiner in JOINERS}


def shorten_distinct(names: Sequence[str], length: int) -> list[str]:
    """Return each name as a printable line of at most `length` cells, all of them different.

    Names that would look the same when their ends are cut lose their beginnings instead, or their
    middles; if that does not help, or the names look the same in full, the position of each is
    appended. A set of names is always shortened in the same way, so pass all classes even where
    some are shown.

    Args:
        names: Names in the order of their labels, as a rule all different.
        length: Cells of a terminal, enough for an ellipsis and the digits of the positions.

    Example:
        `["Corn_(maize)___Common_rust", "Corn_(maize)___healthy"]` with 13 cells are
        `["…_Common_rust", "…e)___healthy"]`.
    """
    lines = [plain_line(name) for name in names]
    chosen: list[str | None] = [
        line if cell_width(line) <= length and seen == 1 else None
        for line, seen in zip(lines, _how_often(lines), strict=True)
    ]
    for shape in (_without_end, _without_beginning, _without_middle):
        _choose_where_distinct(chosen, lines, length, shape)
    taken = {_look(name) for name in chosen if name is not None}
    for index, line in enumerate(lines):
        if chosen[index] is None:
            chosen[index] = _numbered(line, index, length, len(lines), taken)
    return [name for name in chosen if name is not None]


def _choose_where_distinct(
    chosen: list[str | None], lines: Sequence[str], length: int, shape: Callable[[str, int], str]
) -> None:
    """Shorten the names without a choice, but only groups of which all members become distinct.

    Names that begin alike are a group: one of them without its beginning and one without its end
    would be hard to compare.
    """
    open_names = [index for index, name in enumerate(chosen) if name is None]
    shaped = {index: shape(lines[index], length) for index in open_names}
    seen = Counter(map(_look, shaped.values()))
    seen.update(_look(name) for name in chosen if name is not None)
    unique = {index for index in open_names if seen[_look(shaped[index])] == 1}
    groups: dict[str, list[int]] = {}
    for index in open_names:
        groups.setdefault(_look(_without_end(lines[index], length)), []).append(index)
    for members in groups.values():
        if unique.issuperset(members):
            for index in members:
                chosen[index] = shaped[index]


def _without_end(line: str, length: int) -> str:
    return shorten(line, length)


def _without_beginning(line: str, length: int) -> str:
    return line if cell_width(line) <= length else "…" + cut_beginning(line, length - 1).lstrip()


def _without_middle(line: str, length: int) -> str:
    if cell_width(line) <= length:
        return line
    end = (length - 1) // 2
    return f"{cut(line, length - 1 - end).rstrip()}…{cut_beginning(line, end).lstrip()}"


def _numbered(line: str, index: int, length: int, total: int, taken: set[str]) -> str:
    """Return the beginning of a name with its position, or with the next number that is free."""
    for number in count(index, total):
        ending = f"…{number}"
        name = cut(line, length - len(ending)).rstrip() + ending
        if _look(name) not in taken:
            taken.add(_look(name))
            return name
    raise AssertionError("count() has no end")


def _look(name: str) -> str:
    """Return what is equal for names that look the same."""
    return unicodedata.normalize("NFC", name.translate(_WITHOUT_JOINERS))


def _how_often(lines: Sequence[str]) -> list[int]:
    looks = [_look(line) for line in lines]
    seen = Counter(looks)
    return [seen[look] for look in looks]
