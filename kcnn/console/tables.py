"""Tables in columns, the same on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Sequence

from kcnn.text.cells import cell_width, pad_left, pad_right
from kcnn.text.printable import printable


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows under headings: numbers to the right, words to the left, None as a dash.

    Args:
        columns: The headings.
        rows: One sequence per row, as long as the headings.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [
        max(cell_width(row[index]) for row in [list(columns), *cells])
        for index in range(len(columns))
    ]
    right = [
        any(isinstance(row[index], int | float) for row in rows) for index in range(len(columns))
    ]
    lines = [list(columns), ["─" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(
            pad_left(text, width) if flush_right else pad_right(text, width)
            for text, width, flush_right in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return printable(str(value)).replace("\n", "\\n")
