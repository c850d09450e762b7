from __future__ import annotations

from datetime import datetime
from pathlib import Path

from kcnn.commands.runs import RunRow, RunTable
from kcnn.console.runs import runs_text


def test_runs() -> None:
    assert runs_text(RunTable([])) == "no runs yet; kcnn fit digits trains the first"
    began = datetime(2026, 1, 2, 3, 4)
    done = RunRow("net/run-001", Path("x"), "finished", 3, 0.5, 0.25, 1_234, 75.0, began)
    begun = RunRow("net/run-002", Path("y"), "training", 0, None, None, None, None, began)
    heading, _, first, second = runs_text(RunTable([done, begun])).splitlines()
    assert " ".join(heading.split()) == (
        "run status test accuracy val accuracy epochs parameters training started"
    )
    assert first.split("  ", 1)[0] == "net/run-001"
    assert " ".join(first.split()) == (
        "net/run-001 finished 25.00 % 50.00 % 3 1,234 1 min 15 s 2026-01-02 03:04"
    )
    assert " ".join(second.split()) == "net/run-002 training – – 0 – – 2026-01-02 03:04"
