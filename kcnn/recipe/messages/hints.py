"""What a refused value itself shows about the slip behind it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from kcnn.recipe.messages.forms import flow
from kcnn.recipe.messages.python_text import as_value
from kcnn.recipe.messages.wording import nearest
from kcnn.recipe.messages.yaml_slips import FOREIGN_SPACE, PASTED_SPACE

_LARGEST_WHOLE = 10**9
_BRACKETS = "a tuple is written with square brackets, as in [3, 3]"
# What a text looks like where another kind of value was expected.
_TEXTS = (
    (r"\(\s*\d.*", _BRACKETS),
    (r"(?P<whole>[-+]?0),(?P<part>\d+)", "write a point, not a comma: {whole}.{part}"),
    (r"[\d.]+ ?%", "write a share, as in 0.1 for 10 %"),
)


def hint(value: Any, expected: str, would_do: Callable[[Any], bool]) -> str:
    """Gives `; write …` where a refused value shows what was meant, else the empty string.

    Args:
        value: What was refused.
        expected: What was told to be expected.
        would_do: Says whether another value would be right in its place.
    """
    meant = as_value(value)
    if meant is not value and would_do(meant):
        brackets = isinstance(meant, list)
        how = "with square brackets" if brackets else "without parentheses"
        return f"; write {flow(meant)}, {how}"
    if isinstance(value, tuple):
        return (
            "; put a text in quotes" if expected.startswith("expected text") else f"; {_BRACKETS}"
        )
    if isinstance(value, str):
        return _hint_in_text(value) or _nearest_of(value, expected)
    if isinstance(value, float) and "a whole number" in expected and value.is_integer():
        return f"; write {int(value)}" if abs(value) <= _LARGEST_WHOLE else "; that is too large"
    return ""


def _hint_in_text(text: str) -> str:
    if FOREIGN_SPACE.search(text[:100]):
        return f"; it holds {PASTED_SPACE}"
    for pattern, mend in _TEXTS:
        if found := re.fullmatch(pattern, text[:100]):
            return f"; {mend.format(**found.groupdict())}"
    return ""


def _nearest_of(text: str, expected: str) -> str:
    """Suggests one of the words with which a list of what is expected begins: `valid, same, …`."""
    listed = expected.removeprefix("expected ").partition("; got ")[0].split(", ")
    words = takewhile(re.compile(r"[a-z_]\w*").fullmatch, listed)
    near = None if "; did you mean" in expected else nearest(text, words)
    return f"; did you mean {near}?" if near else ""
