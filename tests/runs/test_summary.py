"""What becomes of a summary that was edited by hand is in commands/studies/test_quantities.py."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.runs.summary import HINT, Summary

SUMMARY = Summary(
    Path("summary.json"),
    {
        "parameters": 30_634,
        "test": {"accuracy": 0.5, "loss": math.inf, "auc": 98.0},
        "timings": {"train": -1.0},
        "status": "finished",
    },
)


def test_values_by_their_dotted_names() -> None:
    assert SUMMARY.count("parameters") == 30_634
    assert SUMMARY.share("test.accuracy") == SUMMARY.metric("test.accuracy") == 0.5
    assert SUMMARY.names("test") == ["accuracy", "loss", "auc"]


def test_what_is_missing_is_none() -> None:
    assert SUMMARY.share("best.test_accuracy") is SUMMARY.count("epochs") is None
    assert SUMMARY.names("best") == []


def test_what_must_not_be_missing() -> None:
    assert SUMMARY.known("parameters", 7) == 7
    with pytest.raises(RunError, match=r"^summary\.json: epochs: missing") as caught:
        SUMMARY.known("epochs", SUMMARY.count("epochs"))
    assert caught.value.hint == HINT


def test_a_loss_that_diverged_is_none() -> None:
    assert SUMMARY.metric("test.loss") is None


def test_a_number_outside_of_its_range() -> None:
    assert SUMMARY.number("timings.train") == -1
    with pytest.raises(RunError, match=r"timings\.train: expected a number from 0 to 1e\+15"):
        SUMMARY.number("timings.train", lowest=0)


def test_a_share_in_per_cent() -> None:
    with pytest.raises(RunError, match=r"test\.auc: expected a number from 0 to 1, found 98\.0"):
        SUMMARY.metric("test.auc")


def test_a_section_that_is_a_word() -> None:
    with pytest.raises(RunError, match="status: expected a mapping, found 'finished'"):
        SUMMARY.names("status")


def test_image_shape() -> None:
    assert Summary(Path("summary.json"), {"image_shape": [28, 32, 3]}).image_shape() == (28, 32, 3)
    assert SUMMARY.image_shape() is None


@pytest.mark.parametrize(
    "value",
    [
        "28", 28, [], [28, 28], [28, 28, 1, 1], [28.0, 28, 1], [True, 28, 1], [0, 28, 1],
        [28, 28, 2], [10**30, 28, 1], [-1, 28, 1], {"height": 28},
    ],
)  # fmt: skip
def test_an_image_shape_that_is_none(value: object) -> None:
    with pytest.raises(RunError, match=r"image_shape: expected \[height, width, channels\]"):
        Summary(Path("summary.json"), {"image_shape": value}).image_shape()
