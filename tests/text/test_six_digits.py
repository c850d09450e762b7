from __future__ import annotations

import pytest

from kcnn.text.six_digits import six_digits


@pytest.mark.parametrize(
    ("number", "written"),
    [(1 / 3, "0.333333"), (123456.789, "123457"), (1e-7, "1e-07"), (1.0, "1"),
     (float("nan"), "nan")],
)  # fmt: skip
def test_six_digits(number: float, written: str) -> None:
    assert six_digits(number) == written
