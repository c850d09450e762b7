from __future__ import annotations

import pytest

from kcnn.text.numbers import (
    bytes_text,
    count_text,
    duration,
    ordinal,
    per_cent,
    per_cent_range,
    points,
    shape_text,
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


def test_number_and_thing() -> None:
    assert count_text(1, "image") == "1 image"
    assert count_text(0, "image") == "0 images"
    assert count_text(2000, "image") == "2,000 images"
    assert count_text(2, "class", "classes") == "2 classes"


def test_shape() -> None:
    assert shape_text((28, 28, 1)) == "28×28×1"
    assert shape_text([72]) == "72"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_140_000, "3.1 MB"), (10**10, "10.0 GB")],
)
def test_bytes(count: int, text: str) -> None:
    assert bytes_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"),
        (3599.4, "59 min 59 s"), (3600, "1 h 00 min"), (7500, "2 h 05 min"),
    ],
)  # fmt: skip
def test_a_length_of_time(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"),
     (20, "20th"), (21, "21st"), (112, "112th"), (123, "123rd")],
)  # fmt: skip
def test_ordinal(number: int, text: str) -> None:
    assert ordinal(number) == text
