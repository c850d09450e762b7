from __future__ import annotations

from typing import Any

import pytest

from kcnn.text.values import limit_text, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (0.5, "0.5"),
        ("a", "'a'"),
        ([1, {"a": None}], "[1, {a: null}]"),
        ("x" * 100, "'" + "x" * 58 + "…"),
    ],
)
def test_values_as_yaml_spells_them(value: object, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**31 - 1, "2,147,483,647"),
        (5000, "5000"),
        (0.5, "0.5"),
        (1e9, "1,000,000,000"),
        ("a", "a"),
    ],
)
def test_limits(value: Any, text: str) -> None:
    assert limit_text(value) == text
