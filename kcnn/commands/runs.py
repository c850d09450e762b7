"""kcnn runs: list the runs of a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from kcnn.errors import RunError
from kcnn.runs.environment import when_started
from kcnn.runs.find import find_runs
from kcnn.runs.folder import RunFolder
from kcnn.runs.lock import is_locked
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import Summary, read_summary

Value = TypeVar("Value", int, float)


@dataclass(frozen=True)
class RunRow:
    """A run in the table; None stands for what is not known.

    Args:
        run: Its title, `cifar/run-001`.
        path: Its folder.
        status: `training` while a process trains it, else one of `kcnn.runs.summary.STATUSES`.
        epochs: Epochs finished; 0 without a metrics.csv, None if it cannot be read.
        val_accuracy: After the last epoch.
        test_accuracy: With the last weights.
        parameters: Weights of the model.
        seconds: Time spent training.
        started: When it was started.
    """

    run: str
    path: Path
    status: str
    epochs: int | None
    val_accuracy: float | None
    test_accuracy: float | None
    parameters: int | None
    seconds: float | None
    started: datetime

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        return {
            **vars(self),
            "path": str(self.path),
            "started": self.started.isoformat(timespec="seconds"),
        }


@dataclass(frozen=True)
class RunTable:
    """The runs of a folder.

    Args:
        rows: One per run.
    """

    rows: list[RunRow]

    def as_json(self) -> list[dict[str, Any]]:
        """Return what json.dumps takes."""
        return [row.as_json() for row in self.rows]


# The values of --sort, and the column of each. Numbers go from high to low, names from A to Z.
SORTS = {
    "started": "started",
    "accuracy": "test_accuracy",
    "epochs": "epochs",
    "parameters": "parameters",
    "seconds": "seconds",
    "run": "run",
}


def list_runs(output_dir: Path, sort: str = "started") -> RunTable:
    """List the runs of a folder.

    Args:
        output_dir: The folder of all runs.
        sort: One of SORTS; the latest, best or largest first, names from A to Z.

    Raises:
        RunError: A folder cannot be read.
    """
    rows = [_row(run) for run in find_runs(output_dir)]
    column = SORTS[sort]
    known = [row for row in rows if getattr(row, column) is not None]
    unknown = [row for row in rows if getattr(row, column) is None]
    known.sort(key=lambda row: getattr(row, column), reverse=sort != "run")
    return RunTable(known + unknown)


def _row(run: RunFolder) -> RunRow:
    """Read a run's files; skip those that are missing or damaged."""
    try:
        summary = read_summary(run)
    except RunError:
        summary = Summary(run.summary, {})
    try:
        metrics = read_metrics(run)
    except RunError:
        metrics = []
    epochs = len(metrics) if metrics or not run.metrics.exists() else None
    last = metrics[-1] if metrics else {}
    status = "training" if is_locked(run) else summary.status
    return RunRow(
        run=run.title,
        path=run.path,
        status=status,
        epochs=epochs,
        val_accuracy=last.get("val_accuracy"),
        test_accuracy=_read(summary.fraction, "test.accuracy"),
        parameters=_read(summary.count, "parameters"),
        seconds=_read(summary.number, "timings.train"),
        started=when_started(run),
    )


def _read(read: Callable[[str], Value | None], name: str) -> Value | None:
    """Return a value; None if it is damaged, because one bad run must not hide the others."""
    try:
        return read(name)
    except RunError:
        return None
