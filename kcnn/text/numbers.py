"""Numbers: six digits, per cent, percentage points."""

from __future__ import annotations

from decimal import Decimal


def six_digits(number: float) -> str:
    """Return six significant digits, which is more than float32 metrics are worth."""
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
