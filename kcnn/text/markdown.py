"""Markdown. Untrusted text stays text: it becomes no link, image or HTML."""

from __future__ import annotations

from collections.abc import Sequence

from kcnn.text.printable import printable

_MEANT = str.maketrans(
    {"<": "&lt;", "&": "&amp;", "[": "\\[", "]": "\\]", "`": "\\`", "\\": "\\\\", "*": "\\*"}
)


def plain(text: str) -> str:
    """Escape a text of a recipe or a run, so that Markdown shows it unchanged, in one line."""
    return printable(" ".join(text.split())).translate(_MEANT)


def code(text: str) -> str:
    """Return a word as code."""
    return f"`{printable(' '.join(text.split())).replace('`', chr(39))}`"


def table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], alignment: Sequence[str] = ()
) -> str:
    """Return a table.

    Args:
        columns: The headings.
        rows: One sequence per row, as long as the headings; a dash is written for None.
        alignment: As Markdown has it, `---:` for columns to the right; all to the left if empty.
    """
    lines = [columns, alignment or ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value).replace("|", "\\|")
