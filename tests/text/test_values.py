from __future__ import annotations

import pytest

from kcnn.text.values import value_text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, None), (0.5, "0.5"), ([1, {"a": None}], "[1, {a: null}]"), (True, "True")],
)
def test_values_of_settings(value: object, text: str | None) -> None:
    assert value_text(value) == text
