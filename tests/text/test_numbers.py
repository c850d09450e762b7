from __future__ import annotations

import pytest

from kcnn.text.numbers import (
    per_cent,
    per_cent_range,
    points,
    short_per_cent,
    six_digits,
    without_exponent,
)


@pytest.mark.parametrize(
    ("number", "written"),
    [(1 / 3, "0.333333"), (123456.789, "123457"), (1e-7, "1e-07"), (1.0, "1"),
     (float("nan"), "nan")],
)  # fmt: skip
def test_six_digits(number: float, written: str) -> None:
    assert six_digits(number) == written


def test_per_cent() -> None:
    assert per_cent(0.98606) == "98.61 %"
    assert per_cent(-0.5) == "-50.00 %"
    assert per_cent(None) == "–"
    assert per_cent(150.0) == "1.5e+04 %"  # a damaged file; a table stays readable
    assert per_cent_range(0.978, 0.98606) == "97.80–98.61 %"


def test_points() -> None:
    assert points(0.0031) == "0.31 points"
    assert points(0.0031, sign=True) == "+0.31 points"


@pytest.mark.parametrize(
    ("number", "shown"), [(1e-5, "0.00001"), (0.25, "0.25"), (5000, "5000"), (2.5e-7, "0.00000025")]
)
def test_without_exponent(number: int | float, shown: str) -> None:
    assert without_exponent(number) == shown


def test_percent_does_not_round_up_to_100() -> None:
    assert [short_per_cent(fraction) for fraction in (0.6731, 0.9995, 1.0)] == [
        "67.3 %",
        "99.95 %",
        "100.0 %",
    ]
