"""Untrusted text made fit for a terminal: control characters escaped, long text shortened."""

from __future__ import annotations

import json

from kcnn.text.cells import JOINERS, cell_width, cut, joins_letters


def printable(text: str) -> str:
    """Escape control and unprintable characters as JSON does: `\\u001b` for escape.

    Line ends stay, and joiners between letters of scripts that are spelled with them, such as
    Persian. JSON text keeps its meaning, since only its strings may have such characters.
    """
    if text.isprintable():
        return text
    return "".join(
        character if _may_stay(text, index) else json.dumps(character)[1:-1]
        for index, character in enumerate(text)
    )


def _may_stay(text: str, index: int) -> bool:
    character = text[index]
    if character in JOINERS and 0 < index < len(text) - 1:
        return joins_letters(text[index - 1], text[index + 1])
    return character.isprintable() or character == "\n"


def shorten(text: str, length: int) -> str:
    """Return a text of at most `length` cells of a terminal; an ellipsis marks a cut."""
    return text if cell_width(text) <= length else cut(text, length - 1).rstrip() + "…"


def one_line(text: str, length: int) -> str:
    """Return a text as one printable line of at most `length` cells."""
    return shorten(plain_line(text), length)


def plain_line(text: str) -> str:
    """Return a text as one printable line, with single spaces."""
    return printable(" ".join(text.split()))
