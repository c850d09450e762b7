from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_json, write_text
from kcnn.files.read import read_json
from kcnn.runs.environment import (
    DECIDING,
    read_environment,
    was_extended,
    when_started,
    write_environment,
    write_resumption,
)
from kcnn.runs.folder import RunFolder, create_run

STARTED = datetime(2001, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
HERE = {"command_line": ["kcnn"], **{name: f"this {name}" for name in DECIDING}}


def test_written_when_a_run_starts(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_environment(run, {"seed": 3}, STARTED)
    assert run.environment.read_text() == (
        '{\n  "seed": 3,\n  "started": "2001-02-03T04:05:06+00:00"\n}\n'
    )
    assert read_environment(run).started == STARTED.replace(microsecond=0)


def test_resumptions_are_added(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_environment(run, {**HERE, "kcnn": "0.1"}, STARTED)
    for epoch in (1, 2):
        write_resumption(run, read_environment(run), HERE, epoch, 7, epochs_before=20)
    first, second = read_environment(run).resumptions
    assert list(first) == [
        "after_epoch", "after_step", "epochs_before", "when", "command_line", *DECIDING,
    ]  # fmt: skip
    assert (first["after_epoch"], second["after_epoch"], first["after_step"]) == (1, 2, 7)
    assert read_json(run.environment)["kcnn"] == "0.1"
    assert read_environment(run).differences(HERE) == ["kcnn"]


def test_resumptions_that_a_user_damaged_are_replaced(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_json(run.environment, {"resumed": "nonsense"})
    write_resumption(run, read_environment(run), HERE, 1, 0, epochs_before=20)
    (only,) = read_environment(run).resumptions
    assert only["epochs_before"] == 20


def test_when_a_run_was_started(tmp_path: Path) -> None:
    run = create_run(tmp_path, "cifar")
    write_text(run.resolved, "name: any\n")
    write_json(run.environment, {"started": "2001-02-03T04:05:06+00:00"})
    assert when_started(run) == datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    write_json(run.environment, {"started": "2001-02-03T04:05:06"})
    assert when_started(run) == datetime(2001, 2, 3, 4, 5, 6).astimezone()


@pytest.mark.parametrize(
    "environment",
    [None, "{", "[1]", "{}", '{"started": 3}', '{"started": "today"}', '{"started": null}',
     '{"started": "0001-01-01T00:00:00+14:00"}'],
)  # fmt: skip
def test_a_run_that_does_not_record_it_was_started_with_its_settings(
    environment: str | None, tmp_path: Path
) -> None:
    run = create_run(tmp_path, "cifar")
    write_text(run.resolved, "name: any\n")
    os.utime(run.resolved, (1000, 1000))
    if environment is not None:
        write_text(run.environment, environment)
    assert when_started(run) == datetime.fromtimestamp(1000, UTC)


@pytest.mark.parametrize(
    ("resumed", "extended"),
    [
        (None, False),
        ([{"epochs_before": 40}], False),
        ([{"epochs_before": 20}, {"epochs_before": 40}], True),
        ("nonsense", False),
        (["nonsense", {"epochs_before": 20}], True),
    ],
)
def test_a_run_that_was_started_with_fewer_epochs(
    tmp_path: Path, resumed: object, extended: bool
) -> None:
    run = create_run(tmp_path, "cifar")
    assert not was_extended(run, 40)
    write_text(run.environment, json.dumps({"resumed": resumed}))
    assert was_extended(run, 40) is extended


@pytest.mark.parametrize("policy", [None, 3, "auto", ["float32"], "bfloat16\x1b[2J"])
def test_a_precision_that_is_none(policy: object, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_json(run.environment, {"precision": policy})
    with pytest.raises(RunError, match=r"environment\.json: precision: expected float32") as caught:
        read_environment(run).precision()
    assert "\x1b" not in caught.value.message
