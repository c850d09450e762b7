"""Numbers: six digits, per cent, percentage points."""

from __future__ import annotations


def six_digits(number: float) -> str:
    """Return six significant digits, which is more than float32 metrics are worth."""
    return f"{number:.6g}"


def per_cent(fraction: float | None) -> str:
    """Return a fraction as `98.61 %`; a dash for None.

    A number above 1 is no fraction of anything; it is cut short, `1.5e+04 %`.
    """
    if fraction is None:
        return "–"
    return f"{100 * fraction:.2f} %" if abs(fraction) <= 1 else f"{100 * fraction:.4g} %"


def per_cent_range(low: float, high: float) -> str:
    """Return two fractions as `97.80–98.61 %`."""
    return f"{100 * low:.2f}–{100 * high:.2f} %"


def points(fraction: float, sign: bool = False) -> str:
    """Return a difference of fractions in percentage points: `0.31 points`, with `sign` `+0.31`."""
    return f"{100 * fraction:{'+' if sign else ''}.2f} points"
