"""Sizes: shapes of arrays, bytes of files and memory."""

from __future__ import annotations

from collections.abc import Sequence


def shape_text(shape: Sequence[int | None]) -> str:
    """Return a shape as `28×28×1`."""
    return "×".join(map(str, shape))


def bytes_text(count: int) -> str:
    """Return a number of bytes in the largest unit that it fills: `3.1 MB`."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"
