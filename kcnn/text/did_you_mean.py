"""The known name that a mistyped word most likely means."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to a word, ignoring case; None if none is close.

    Two swapped letters (`SDG` for `SGD`) count as close however short the word is.
    """
    by_lower = {name.lower(): name for name in known}
    lower = word.lower()
    swapped = (
        name for name in by_lower if len(name) == len(lower) and sorted(name) == sorted(lower)
    )
    near = [*swapped, *get_close_matches(lower, by_lower, n=1, cutoff=0.75)]
    return by_lower[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean X?`, or the empty string if no known name is close."""
    near = nearest(word, known)
    return "" if near is None else f"; did you mean {near}?"
