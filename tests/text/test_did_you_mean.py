from __future__ import annotations

import pytest

from kcnn.text.did_you_mean import did_you_mean, nearest

NAMES = ("SGD", "Adam", "MaxPooling2D", "pool1")


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("Adam", "Adam"),
        ("adam", "Adam"),
        ("Adm", "Adam"),
        ("SDG", "SGD"),
        ("MaxPoling2d", "MaxPooling2D"),
        ("LSTM", None),
        ("", None),
    ],
)
def test_nearest(word: str, name: str | None) -> None:
    assert nearest(word, NAMES) == name


def test_did_you_mean() -> None:
    assert did_you_mean("pool", NAMES) == "; did you mean pool1?"
    assert did_you_mean("LSTM", NAMES) == ""
    assert did_you_mean("LSTM", ()) == ""
