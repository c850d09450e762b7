from __future__ import annotations

import pickle
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kcnn.data.counts import CountError, resolve_count


@pytest.mark.parametrize(
    ("wanted", "expected"), [(1, 1), (98, 98), (0.2, 20), (0.006, 1), (0.984, 98)]
)
def test_resolves_numbers_and_fractions(wanted: int | float, expected: int) -> None:
    assert resolve_count(wanted, 100, 2, "data.validation") == expected


@pytest.mark.parametrize(
    ("wanted", "available", "reason", "hint"),
    [
        (
            0.00001,
            50_000,
            "0.00001 of 50,000 images is less than one image",
            "write a fraction of at least 0.00002, which is one image",
        ),
        (
            0.0001,
            1437,
            "0.0001 of 1,437 images is less than one image",
            "write a fraction of at least 0.0007, which is one image",
        ),
        (99, 100, "99 of 100 images leaves some class without training", "write at most 98"),
        (100, 100, "100 of 100 images leaves some class", "write at most 98"),
        (0.99, 100, "0.99 of 100 images leaves some class", "write a fraction of at most 0.98"),
        (1, 2, "1 of 2 images leaves some class", "add images: every class keeps one"),
        (1.0, 100, "1.0, expected a number of images or a fraction below 1", "as in 0.1"),
        (-0.5, 100, "-0.5, expected", "as in 0.1"),
        (0, 100, "0, expected", "as in 0.1"),
    ],
)
def test_refuses_impossible_amounts(
    wanted: int | float, available: int, reason: str, hint: str
) -> None:
    with pytest.raises(CountError) as caught:
        resolve_count(wanted, available, 2, "data.test")
    assert caught.value.reason.startswith(reason)
    assert caught.value.message == f"data.test: {caught.value.reason}"
    assert hint in caught.value.hint
    assert caught.value.loc == ("data", "test")


@given(st.integers(3, 100_000), st.integers(1, 1000), st.floats(1e-9, 1, exclude_max=True))
def test_fraction_of_a_hint_is_possible(available: int, classes: int, fraction: float) -> None:
    assume(classes < available)
    try:
        assert 1 <= resolve_count(fraction, available, classes, "data.test") <= available - classes
    except CountError as error:
        (named,) = re.findall(r"0\.\d+", error.hint)
        count = resolve_count(float(named), available, classes, "data.test")
        assert count == 1 or "at most" in error.hint


def test_error_can_be_pickled() -> None:
    error = CountError("data.test", "too few", "write more")
    again = pickle.loads(pickle.dumps(error))
    assert (again.setting, again.message, again.hint) == (
        "data.test",
        "data.test: too few",
        "write more",
    )
