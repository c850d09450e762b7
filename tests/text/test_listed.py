from __future__ import annotations

import pytest

from kcnn.text.listed import listed


@pytest.mark.parametrize(
    ("items", "separator", "text"),
    [
        ([], ", ", ""),
        (["a", "b"], ", ", "a, b"),
        (["a", "b", "c"], ", ", "a, b and 1 more"),
        (["a"] * 3_002, "; ", "a; a; and 3,000 more"),
        (["a"] * 4, " ", "a a and 2 more"),
    ],
)
def test_names_the_first_and_counts_the_others(items: list[str], separator: str, text: str) -> None:
    assert listed(items, 2, separator) == text
