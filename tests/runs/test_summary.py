from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_json
from kcnn.files.read import read_json
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import (
    HINT,
    About,
    Results,
    Summary,
    add_timings,
    how_to_finish,
    read_status,
    read_summary,
    write_stopped,
    write_summary,
    write_unfinished,
)

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
    assert SUMMARY.fraction("test.accuracy") == SUMMARY.metric("test.accuracy") == 0.5
    assert SUMMARY.names("test") == ["accuracy", "loss", "auc"]


def test_what_is_missing_is_none() -> None:
    assert SUMMARY.fraction("best.test_accuracy") is SUMMARY.count("epochs") is None
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


@pytest.mark.parametrize("value", [True, "7", [7]])
def test_values_that_are_no_numbers(value: object) -> None:
    summary = Summary(Path("s"), {"any": value})
    with pytest.raises(RunError, match="any: expected a number, found"):
        summary.number("any")
    with pytest.raises(RunError, match="any: expected a whole number from 0"):
        summary.count("any")


@pytest.mark.parametrize("value", [-1, 10**16, 7.0, math.nan])
def test_values_that_count_nothing(value: float) -> None:
    with pytest.raises(RunError, match="any: expected a whole number from 0"):
        Summary(Path("s"), {"any": value}).count("any")


def test_a_number_that_is_not_a_number() -> None:
    with pytest.raises(RunError, match=r"any: expected a number from .*, found nan"):
        Summary(Path("s"), {"any": math.nan}).number("any")


@pytest.mark.parametrize("name", ["", "a\x1b[2J", "a\nb", "a" * 101])
def test_names_unfit_for_a_table(name: str) -> None:
    with pytest.raises(RunError, match="test: expected names of metrics, found"):
        Summary(Path("s"), {"test": {"accuracy": 0.5, name: 0.5}}).names("test")


def test_how_to_finish(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert how_to_finish(run) == f"kcnn fit --resume {tmp_path} finishes it"
    write_json(run.summary, {"status": "failed"})
    assert how_to_finish(run) == f"train it again: kcnn fit {run.resolved}"


def test_a_fraction_in_per_cent() -> None:
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "expected a JSON object, found a list"),
    ],
)
def test_damaged_summary(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_bytes(content)
    with pytest.raises(RunError, match=rf"summary\.json: {message}"):
        read_summary(RunFolder(tmp_path))


def test_summary_missing_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"summary\.json: missing"):
        read_summary(RunFolder(tmp_path))
    with pytest.raises(RunError, match="cannot be read: Is a directory"):
        read_json(tmp_path)


def test_summary_read_back(tmp_path: Path) -> None:
    summary = {"status": "finished", "test": {"accuracy": 0.5}}
    write_json(tmp_path / "summary.json", summary)
    assert read_summary(RunFolder(tmp_path)).values == summary
    assert json.loads((tmp_path / "summary.json").read_text()) == summary


def test_status_is_one_of_those_known(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    assert read_status(run) == "unfinished"
    for status in ("finished", "failed", "interrupted"):
        write_json(run.summary, {"status": status})
        assert read_status(run) == status
    for status in ("done", 3, ["finished"], None):
        write_json(run.summary, {"status": status})
        assert read_status(run) == "unfinished"


def test_class_names() -> None:
    assert Summary(Path("s"), {"class_names": ["cat", "dog"]}).class_names() == ["cat", "dog"]


@pytest.mark.parametrize("value", [None, [], "cat", {"cat": 1}, ["cat", 1], [["cat"]]])
def test_class_names_that_are_none(value: object) -> None:
    with pytest.raises(RunError, match="class_names: expected a list with the name of each class"):
        Summary(Path("s"), {"class_names": value}).class_names()


def test_text() -> None:
    summary = Summary(Path("s"), {"images_digest": "ab", "test_images_digest": 3})
    assert summary.text("images_digest") == "ab"
    assert summary.text("other") is None
    with pytest.raises(RunError, match="test_images_digest: expected a text, found 3"):
        summary.text("test_images_digest")


ABOUT = About("pets/run-001", "pets", "folder", (8, 9, 3), "2001-02-03T04:05:06+00:00", 5, 7, 6, 40)
RESULTS = Results(
    class_names=("cat", "dog"),
    images={"train": 3, "validation": 0, "test": 2},
    images_digest="ab",
    test_images_digest="cd",
    train={"epoch": 5, "loss": 0.5},
    test={"weights": "last", "accuracy": 0.5},
    test_augmented=None,
    best=None,
    timings={"train": 1.5},
    peak_memory_mb=700,
)
WRITTEN = """{
  "status": "finished",
  "run": "pets/run-001",
  "recipe": "pets",
  "dataset": "folder",
  "image_shape": [
    8,
    9,
    3
  ],
  "started": "2001-02-03T04:05:06+00:00",
  "epochs": 5,
  "parameters": 7,
  "trainable_parameters": 6,
  "multiply_adds": 40,
  "class_names": [
    "cat",
    "dog"
  ],
  "images": {
    "train": 3,
    "validation": 0,
    "test": 2
  },
  "images_digest": "ab",
  "test_images_digest": "cd",
  "train": {
    "epoch": 5,
    "loss": 0.5
  },
  "test": {
    "weights": "last",
    "accuracy": 0.5
  },
  "timings": {
    "train": 1.5
  },
  "peak_memory_mb": 700
}
"""


def test_written_byte_for_byte(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    values = write_summary(run, ABOUT, RESULTS)
    assert run.summary.read_text() == WRITTEN
    assert read_summary(run).values == values
    assert read_summary(run).image_shape() == (8, 9, 3)
    timed = add_timings(run, values, {"draw": 2.5})
    assert read_summary(run).values == timed == {**values, "timings": {"train": 1.5, "draw": 2.5}}


def test_sections_that_some_runs_have(tmp_path: Path) -> None:
    results = replace(RESULTS, test_augmented={"accuracy": 1.0}, best={"epoch": 2})
    assert list(write_summary(RunFolder(tmp_path), ABOUT, results))[-5:] == [
        "test", "test_augmented", "best", "timings", "peak_memory_mb",
    ]  # fmt: skip


def test_results_stay_when_a_run_trains_again_and_fails(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    values = write_summary(run, ABOUT, RESULTS)
    write_unfinished(run)
    assert read_summary(run).values == {**values, "status": "unfinished"}
    write_stopped(run, replace(ABOUT, epochs=9), "failed", "the disk is full")
    failed = {**values, "status": "failed", "epochs": 9, "reason": "the disk is full"}
    assert read_summary(run).values == failed
    write_unfinished(run)
    assert read_summary(run).values == {**values, "status": "unfinished", "epochs": 9}


def test_a_damaged_summary_is_replaced(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.summary.write_text("[")
    write_stopped(run, ABOUT, "interrupted")
    assert read_summary(run).values == ABOUT.as_json("interrupted")
