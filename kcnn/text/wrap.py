"""Paragraphs in lines of a fixed width."""

from __future__ import annotations

import textwrap


def wrapped(text: str, width: int, indent: str = "", later_indent: str | None = None) -> str:
    """Return a text in lines; no word is broken, not even at its hyphens.

    Args:
        text: The text.
        width: Characters of a line.
        indent: What the first line begins with.
        later_indent: What the other lines begin with; `indent` and two spaces if None.
    """
    return textwrap.fill(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  " if later_indent is None else later_indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
