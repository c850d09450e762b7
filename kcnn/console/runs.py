"""The text of kcnn runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table
from kcnn.text.numbers import duration, per_cent

if TYPE_CHECKING:
    from kcnn.commands.runs import RunTable

_COLUMNS = (
    "run", "status", "test accuracy", "val accuracy", "epochs", "parameters", "training", "started",
)  # fmt: skip


def runs_text(runs: RunTable) -> str:
    """Return a row per run."""
    if not runs.rows:
        return "no runs yet; kcnn fit digits trains the first"
    return table(
        _COLUMNS,
        [
            (
                row.run, row.status, per_cent(row.test_accuracy), per_cent(row.val_accuracy),
                row.epochs, row.parameters,
                None if row.seconds is None else duration(row.seconds),
                f"{row.started:%Y-%m-%d %H:%M}",
            )
            for row in runs.rows
        ],
    )  # fmt: skip
