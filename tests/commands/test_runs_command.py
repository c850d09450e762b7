from __future__ import annotations

import json
import os
import re
import shutil
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.runs import SORTS, list_runs
from kcnn.files.atomic import write_json, write_text
from kcnn.runs.folder import RunFolder, create_run
from kcnn.runs.lock import lock_run

METRICS = "epoch,loss,accuracy,val_accuracy\n1,2.0,0.5,0.4\n2,1.0,0.6,0.45\n"


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Make two finished runs, the second better, a failed run and a killed run."""
    for number, (recipe, summary) in enumerate(
        [
            ("cifar", {"status": "finished", "parameters": 900, "test": {"accuracy": 0.5},
                       "timings": {"train": 10.5}}),
            ("digits", {"status": "finished", "parameters": 100, "test": {"accuracy": 1},
                        "timings": {"train": 2.5}}),
            ("cifar", {"status": "failed", "parameters": 900}),
            ("mnist", None),
        ]
    ):  # fmt: skip
        run = create_run(tmp_path, recipe)
        write_text(run.resolved, "name: any\n")
        os.utime(run.resolved, (1000 + number, 1000 + number))
        if summary is not None:
            write_json(run.summary, summary)
        if number != 3:
            write_text(run.metrics, METRICS)
    return tmp_path


def titles(outputs: Path, sort: str) -> list[str]:
    return [row.run for row in list_runs(outputs, sort).rows]


def test_lists_runs(outputs: Path) -> None:
    killed, failed, digits, cifar = list_runs(outputs).rows
    assert (cifar.run, cifar.status, cifar.epochs) == ("cifar/run-001", "finished", 2)
    assert (cifar.test_accuracy, cifar.val_accuracy) == (0.5, 0.45)
    assert (cifar.parameters, cifar.seconds) == (900, 10.5)
    assert digits.test_accuracy == 1.0
    assert (failed.run, failed.status, failed.test_accuracy) == ("cifar/run-002", "failed", None)
    assert (killed.run, killed.status, killed.epochs) == ("mnist/run-001", "unfinished", 0)
    assert killed.parameters is None


def test_status_of_a_run_that_trains(outputs: Path) -> None:
    with lock_run(RunFolder(outputs / "mnist" / "run-001")):
        assert list_runs(outputs).rows[0].status == "training"
    assert list_runs(outputs).rows[0].status == "unfinished"


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("started", ["mnist/run-001", "cifar/run-002", "digits/run-001", "cifar/run-001"]),
        ("accuracy", ["digits/run-001", "cifar/run-001", "cifar/run-002", "mnist/run-001"]),
        ("seconds", ["cifar/run-001", "digits/run-001", "cifar/run-002", "mnist/run-001"]),
        ("parameters", ["cifar/run-001", "cifar/run-002", "digits/run-001", "mnist/run-001"]),
        ("run", ["cifar/run-001", "cifar/run-002", "digits/run-001", "mnist/run-001"]),
    ],
)
def test_sorts_runs(sort: str, order: list[str], outputs: Path) -> None:
    assert titles(outputs, sort) == order


def test_start_time_of_a_resumed_or_copied_run(outputs: Path) -> None:
    run = RunFolder(outputs / "cifar" / "run-001")
    began = "1970-01-01T00:00:01+00:00"
    write_json(run.environment, {"started": began})
    write_text(run.resolved, "name: any\n")  # now, as a resume does
    shutil.copytree(run.path, outputs / "cifar" / "run-007")
    assert titles(outputs, "started")[-2:] == ["cifar/run-001", "cifar/run-007"]
    assert {row.started for row in list_runs(outputs).rows[-2:]} == {datetime.fromisoformat(began)}


def test_accepts_every_sort_key(outputs: Path) -> None:
    for sort in SORTS:
        assert sorted(titles(outputs, sort)) == sorted(titles(outputs, "run"))


def test_skips_damaged_files(outputs: Path) -> None:
    run = outputs / "cifar" / "run-001"
    (run / "summary.json").write_text("{")
    (run / "metrics.csv").write_text("epoch\nx\n")
    row = next(row for row in list_runs(outputs).rows if row.run == "cifar/run-001")
    assert (row.status, row.epochs, row.test_accuracy) == ("unfinished", None, None)


def test_ignores_metrics_saved_with_semicolons(outputs: Path) -> None:
    (outputs / "cifar" / "run-001" / "metrics.csv").write_text("epoch;val_accuracy\n1;0,5\n")
    row = next(row for row in list_runs(outputs).rows if row.run == "cifar/run-001")
    assert (row.epochs, row.val_accuracy, row.test_accuracy) == (None, None, 0.5)
    done = CliRunner().invoke(cli, ["runs", "--output-dir", str(outputs)])
    assert re.search(r"cifar/run-001 +finished +50\.00 % +– +– +900 ", done.output)


def test_ignores_a_summary_with_other_types(outputs: Path) -> None:
    summary = {"status": 3, "test": [1], "parameters": "many", "timings": {"train": None}}
    write_json(outputs / "cifar" / "run-001" / "summary.json", summary)
    row = next(row for row in list_runs(outputs).rows if row.run == "cifar/run-001")
    assert (row.status, row.test_accuracy, row.parameters) == ("unfinished", None, None)
    assert row.seconds is None


@pytest.mark.parametrize("number", ["NaN", "Infinity", "true", "1e308", "1" + "0" * 400])
def test_ignores_numbers_out_of_range(number: str, outputs: Path) -> None:
    text = (
        f'{{"test": {{"accuracy": {number}}}, "timings": {{"train": {number}}}, '
        f'"parameters": {number}}}'
    )
    write_text(outputs / "cifar" / "run-001" / "summary.json", text)
    row = next(row for row in list_runs(outputs).rows if row.run == "cifar/run-001")
    assert (row.test_accuracy, row.seconds, row.parameters) == (None, None, None)
    write_text(outputs / "cifar" / "run-001" / "metrics.csv", "epoch,val_accuracy\n1,1e308\n")
    done = CliRunner().invoke(cli, ["runs", "--output-dir", str(outputs)])
    assert done.exit_code == 0, done.output
    assert "0" * 20 not in done.output


def test_json(outputs: Path) -> None:
    row = list_runs(outputs, "run").rows[0].as_json()
    assert json.loads(json.dumps(row)) == row
    assert row["path"] == str(outputs / "cifar" / "run-001")


def test_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere").rows == []
