"""Long text cut to a length."""

from __future__ import annotations

from kcnn.text.printable import printable


def shorten(text: str, length: int) -> str:
    """Return a text of at most `length` characters; an ellipsis marks a cut."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def one_line(text: str, length: int) -> str:
    """Return a text as one printable line of at most `length` characters."""
    return shorten(printable(" ".join(text.split())), length)
