"""How a message writes a value of a recipe, and the word that was meant by a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from kcnn.recipe.messages.words import advice_for, name_for


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Gives the known word that a mistyped one most likely stands for; None when none is near."""
    by_lower = {name.lower(): name for name in known}
    lower = word.lower()
    if meant := name_for(lower, by_lower.values()):
        return meant
    swapped = (
        name for name in by_lower if len(name) == len(lower) and sorted(name) == sorted(lower)
    )
    near = [*swapped, *get_close_matches(lower, by_lower, n=1, cutoff=0.75)]
    return by_lower[near[0]] if near else None


def suggest(word: str, known: Iterable[str]) -> str:
    """Gives `; did you mean …?` or what else to write, else the empty string."""
    names = list(known)
    if advice := advice_for(word, names):
        return f"; {advice}"
    near = nearest(word, names)
    return "" if near is None else f"; did you mean {near}?"


def shown(value: object) -> str:
    """Shows a value of a recipe in a message as YAML spells it, shortened when long."""
    text = "nothing" if value is None else _spelt(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _spelt(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_spelt, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_spelt(one)}' for name, one in value.items())}}}"
    return repr(value)


def number(value: Any) -> str:
    """Writes a limit: `2,147,483,647`, `0.5`; what is no number as it is."""
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 or not value.is_integer() else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else str(value)
