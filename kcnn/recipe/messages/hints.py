"""What a refused value itself shows about the slip behind it."""

from __future__ import annotations

import re
from typing import Any

from kcnn.recipe.messages.yaml_slips import FOREIGN_SPACE, PASTED_SPACE

_LARGEST_WHOLE = 10**9
# What a text looks like where another kind of value was expected.
_TEXTS = (
    (r"\(\s*\d.*", "write brackets in place of parentheses, as in [3, 3]"),
    (r"(?P<whole>[-+]?0),(?P<part>\d+)", "write a point, not a comma: {whole}.{part}"),
    (r"[\d.]+ ?%", "write a share, as in 0.1 for 10 %"),
)


def hint(value: Any, expected: str) -> str:
    """Gives `; write …` where a refused value shows what was meant, else the empty string.

    Args:
        value: What was refused.
        expected: What was expected.
    """
    if isinstance(value, str):
        return _hint_in_text(value)
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
