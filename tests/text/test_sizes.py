from __future__ import annotations

import pytest

from kcnn.text.sizes import bytes_text, shape_text


def test_shape() -> None:
    assert shape_text((28, 28, 1)) == "28×28×1"
    assert shape_text([72]) == "72"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_140_000, "3.1 MB"), (10**10, "10.0 GB")],
)
def test_bytes(count: int, text: str) -> None:
    assert bytes_text(count) == text
