"""Untrusted text made fit for a terminal: control characters escaped, long text shortened."""

from __future__ import annotations

import json


def printable(text: str) -> str:
    """Escape control and unprintable characters as JSON does: `\\u001b` for escape.

    Line ends stay. JSON text keeps its meaning, since only its strings may have such characters.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1]
        for character in text
    )


def shorten(text: str, length: int) -> str:
    """Return a text of at most `length` characters; an ellipsis marks a cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def one_line(text: str, length: int) -> str:
    """Return a text as one printable line of at most `length` characters."""
    return shorten(printable(" ".join(text.split())), length)
