"""What a refused value itself shows about the mistake behind it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from kcnn.recipe.kinds import spellings
from kcnn.recipe.mistakes.sentences import BRACKETS, PASTED_SPACE
from kcnn.recipe.mistakes.words import advice_for, nearest_word
from kcnn.recipe.schedules import SCHEDULES
from kcnn.recipe.strict_yaml import FOREIGN_SPACE

_MAX_WHOLE = 10**9
# What a text looks like where another kind of value was expected.
_TEXTS = (
    (r"\(+\s*\d.*", BRACKETS),
    (r"[-+]?\d+,\d+", "write a point, not a comma, as in 0.5"),
    (r"[\d.]+ ?%", "write a fraction, as in 0.1 for 10 %"),
)
_SCHEDULE = "a schedule belongs to train, as in learning_rate_schedule: Cosine"


def hint(value: Any, expected: str, words: Collection[str]) -> str:
    """Return `; write …` where a refused value shows what was meant, else the empty string.

    Args:
        value: The value.
        expected: What was expected, as in `a whole number`.
        words: The words that its setting takes.
    """
    if isinstance(value, float) and value.is_integer() and "a whole number" in expected:
        return f"; write {int(value)}" if abs(value) <= _MAX_WHOLE else "; that is too large"
    if not isinstance(value, str):
        return ""
    if FOREIGN_SPACE.search(value[:100]):
        return f"; {PASTED_SPACE}"
    for pattern, advice in _TEXTS:
        if re.fullmatch(pattern, value[:100]):
            return f"; {advice}"
    near = nearest_word(value, words)
    return f"; did you mean {near}?" if near else ""


def schedule_hint(value: Any) -> str:
    """Return where a learning-rate schedule belongs; the empty string for other values."""
    text = next(iter(value)) if isinstance(value, dict) and len(value) == 1 else value
    if not isinstance(text, str):
        return ""
    word = text.partition("(")[0].rpartition(".")[2]
    if word in spellings(SCHEDULES) or nearest_word(word, SCHEDULES):
        return f"; {_SCHEDULE}"
    advice = advice_for(word, SCHEDULES)
    return f"; {_SCHEDULE}; {word} is {advice}" if advice else ""
