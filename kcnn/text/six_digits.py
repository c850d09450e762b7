"""Numbers as the files of a run have them."""

from __future__ import annotations


def six_digits(number: float) -> str:
    """Writes six significant digits, which is more than float32 metrics are worth."""
    return f"{number:.6g}"
