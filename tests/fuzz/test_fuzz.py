"""Run each fuzzer of this folder with a few cases. As programs, they run as many as asked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
# The fuzzer of recipes with a kcnn whose commands all run `body`.
FAULTY = """\
import os, sys
sys.path.insert(0, {folder!r})
import click, harness, recipes

@click.command(context_settings={{"ignore_unknown_options": True}})
@click.argument("rest", nargs=-1)
def faulty(rest):
    {body}

harness.cli = click.Group(commands={{"check": faulty, "explain": faulty}})
if __name__ == "__main__":
    sys.exit(harness.run_cases("", recipes.run_case))
"""


def run(file: Path, cases: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(file), "--cases", str(cases)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fuzzer", "cases"),
    [("recipes", 3000), ("images", 1000), ("run_folders", 20), ("trainings", 60)],
)
def test_fuzzer_finds_no_fault(fuzzer: str, cases: int) -> None:
    done = run(FOLDER / f"{fuzzer}.py", cases)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert f"{cases:,} cases, 0 faults" in done.stdout


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("sys.exit(3)", "exit code 3"),
        ("click.echo('\\x1b[31m')", "unprintable: ['\\x1b']"),
        ("sys.exit(1)", "no error message"),
        ("click.echo('error: recipe.yaml is wrong', err=True); sys.exit(1)", "without a location"),
        pytest.param("while True: pass", "too slow", marks=pytest.mark.slow),
        pytest.param("recipes.memory = bytearray(600_000_000)", " MB", marks=pytest.mark.slow),
        ("os._exit(1)", "the process died"),
    ],
)
def test_fuzzer_finds_faults(tmp_path: Path, body: str, found: str) -> None:
    file = tmp_path / "faulty.py"
    file.write_text(FAULTY.format(folder=str(FOLDER), body=body), encoding="utf-8")
    done = run(file, 2)
    assert done.returncode == 1
    assert found in done.stdout
    assert re.search(r"cases, [1-9]\d* faults", done.stdout)
