from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kcnn.commands.doctor import Machine
from kcnn.console.doctor import machine_text

MACHINE = Machine(
    {
        "kcnn": "1", "python": "3", "packages": {}, "processor": "x", "cores": 1, "devices": [],
        "bfloat16": "none", "onednn": None,
    },
    Path("outputs"), None, {"mnist": None},
)  # fmt: skip


def rows(machine: Machine) -> list[list[str]]:
    return [line.split(maxsplit=1) for line in machine_text(machine).splitlines()]


@pytest.mark.parametrize(
    ("onednn", "shown"), [(True, "on"), (False, "off"), (None, "TensorFlow's choice")]
)
def test_shows_whether_onednn_is_on(onednn: bool | None, shown: str) -> None:
    machine = replace(MACHINE, description={**MACHINE.description, "onednn": onednn})
    assert ["oneDNN", shown] in rows(machine)


@pytest.mark.parametrize(
    ("differing", "shown"),
    [
        (None, None),
        ([], "yes: two fits of digits left the same files, except for recorded times"),
        (["metrics.csv", "weights"], "NO: metrics.csv, weights differ"),
    ],
)
def test_shows_whether_training_repeats(differing: list[str] | None, shown: str | None) -> None:
    found = [row[1] for row in rows(replace(MACHINE, differing_files=differing))
             if row[0] == "repeatable"]  # fmt: skip
    assert found == ([] if shown is None else [shown])


@pytest.mark.parametrize(
    ("problem", "shown"),
    [(None, "outputs: can be written"), ("outputs: is a file", "outputs: is a file")],
)
def test_shows_whether_runs_can_be_written(problem: str | None, shown: str) -> None:
    last = machine_text(replace(MACHINE, output_dir_problem=problem)).splitlines()[-2:]
    assert last == [f"output folder  {shown}", "data mnist     not here"]
