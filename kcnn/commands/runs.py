"""kcnn runs: the runs of a folder, side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from kcnn.errors import RunError
from kcnn.runs.environment import when_started
from kcnn.runs.find import list_runs as find_runs
from kcnn.runs.folder import RunFolder
from kcnn.runs.lock import is_held
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import Summary, read_summary

Value = TypeVar("Value", int, float)


@dataclass(frozen=True)
class RunRow:
    """One run in the table; what its files do not tell is None.

    Args:
        run: Its title, `cifar/run-001`.
        path: Its folder.
        status: `finished`, `interrupted`, `failed`, `training` while a process trains it, or
            `unfinished` when nothing says.
        epochs: Epochs finished; 0 without a metrics.csv, None if it cannot be read.
        val_accuracy: After the last epoch.
        test_accuracy: Of the last weights.
        parameters: Weights of the model.
        seconds: Time spent training.
        started: When it began.
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
        """Gives the row as plain JSON values."""
        return {
            **vars(self),
            "path": str(self.path),
            "started": self.started.isoformat(timespec="seconds"),
        }


# What --sort takes, and the column behind it; numbers go from high to low, names the other way.
SORTS = {
    "started": "started",
    "accuracy": "test_accuracy",
    "epochs": "epochs",
    "parameters": "parameters",
    "seconds": "seconds",
    "run": "run",
}


def list_runs(output_dir: Path, sort: str = "started") -> list[RunRow]:
    """Lists the runs of a folder.

    Args:
        output_dir: Where runs lie.
        sort: One of SORTS; the latest, best or largest first, names from A to Z.

    Raises:
        RunError: A folder cannot be read.
    """
    rows = [_row(run) for run in find_runs(output_dir)]
    column = SORTS[sort]
    known = [row for row in rows if getattr(row, column) is not None]
    unknown = [row for row in rows if getattr(row, column) is None]
    known.sort(key=lambda row: getattr(row, column), reverse=sort != "run")
    return known + unknown


def _row(run: RunFolder) -> RunRow:
    """Reads what a run's files tell; a file that is missing or damaged tells nothing."""
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
    status = "training" if is_held(run) else summary.status
    return RunRow(
        run=run.title,
        path=run.path,
        status=status,
        epochs=epochs,
        val_accuracy=last.get("val_accuracy"),
        test_accuracy=_told(summary.fraction, "test.accuracy"),
        parameters=_told(summary.count, "parameters"),
        seconds=_told(summary.number, "timings.train"),
        started=when_started(run),
    )


def _told(read: Callable[[str], Value | None], name: str) -> Value | None:
    """Reads a value; of many runs, one with an odd value is to hide none of the others."""
    try:
        return read(name)
    except RunError:
        return None
