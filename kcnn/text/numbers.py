"""Numbers as text: digits, per cent, points, counts of things, shapes, bytes, lengths of time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal


def six_digits(number: float) -> str:
    """Return six significant digits, which is more than float32 metrics are accurate to."""
    return f"{number:.6g}"


def per_cent(fraction: float | None, decimals: int = 2) -> str:
    """Return a fraction as `98.61 %`; a dash for None.

    A number above 1 is no fraction of anything; it is cut short, `1.5e+04 %`.
    """
    if fraction is None:
        return "–"
    return f"{100 * fraction:.{decimals}f} %" if abs(fraction) <= 1 else f"{100 * fraction:.4g} %"


def short_per_cent(fraction: float) -> str:
    """Return a fraction as per cent with one decimal, and with two from 99 % on."""
    # 99.95 % must not read as 100.0 %.
    return per_cent(fraction, 1 if fraction < 0.99 or fraction == 1 else 2)


def per_cent_range(low: float, high: float) -> str:
    """Return two fractions as `97.80–98.61 %`."""
    return f"{100 * low:.2f}–{100 * high:.2f} %"


def points(fraction: float, sign: bool = False) -> str:
    """Return a difference of fractions in percentage points: `0.31 points`, with `sign` `+0.31`."""
    return f"{100 * fraction:{'+' if sign else ''}.2f} points"


def without_exponent(number: int | float) -> str:
    """Return a number as people write it: 0.00001 where Python writes 1e-05."""
    return f"{Decimal(repr(number)):f}"


def count_text(number: int, thing: str, things: str | None = None) -> str:
    """Return a number and what it counts.

    Args:
        number: How many there are.
        thing: The singular, which may end in a clause: `image that lies`.
        things: The plural; the singular with an s if None.

    Example:
        >>> count_text(1, "image"), count_text(2000, "image"), count_text(2, "class", "classes")
        ('1 image', '2,000 images', '2 classes')
    """
    if number == 1:
        return f"1 {thing}"
    return f"{number:,} {things or f'{thing}s'}"


def shape_text(shape: Sequence[int | None]) -> str:
    """Return a shape as `28×28×1`."""
    return "×".join(map(str, shape))


def bytes_text(count: int) -> str:
    """Return a number of bytes in the largest unit that it fills: `3.1 MB`."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def duration(seconds: float) -> str:
    """Return a length of time in words: `45 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def ordinal(number: int) -> str:
    """Return a position in an order: `1st`, `2nd`, `13th`, `21st`."""
    endings = {} if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{endings.get(number % 10, 'th')}"
