"""Lists in one line of text: the first items, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence


def listed(items: Sequence[str], limit: int, separator: str = ", ") -> str:
    """Return the first items in one line: `cat, dog and 3 more`.

    Args:
        items: The items.
        limit: How many are named at most.
        separator: What stands between them. With a semicolon, it stands before `and` too, since the
            items have commas in them.
    """
    text = separator.join(items[:limit])
    if (more := len(items) - limit) <= 0:
        return text
    before_and = separator if ";" in separator else " "
    return f"{text}{before_and}and {more:,} more"
