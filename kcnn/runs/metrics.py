"""metrics.csv, one row an epoch, and what its columns are."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from kcnn.errors import RunError
from kcnn.files.atomic import read_table

# How the names of the metrics from 0 to 1 end: all that recipes may ask for.
_SHARES = ("accuracy", "precision", "recall", "f1_score", "auc")


def is_share(name: str) -> bool:
    """Says whether a metric lies between 0 and 1, as accuracies do, and losses do not.

    Args:
        name: The metric's, whatever stands before it: `test_accuracy`, `best.val_auc`.

    Returns:
        Whether it may be written in per cent.
    """
    return name.endswith(_SHARES)


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Read a metrics.csv: for each epoch, a mapping of column names to numbers.

    Raises:
        RunError: It is missing or empty, has no epochs, or a value is not a number.
    """
    try:
        text = read_table(path)
    except FileNotFoundError:
        raise RunError(
            f"{path}: missing", "the run was stopped before its first epoch ended"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: cannot be read: {error}") from None
    table = csv.DictReader(text)
    try:
        rows = [{str(name): float(value) for name, value in row.items()} for row in table]
    except (TypeError, ValueError, csv.Error):
        raise RunError(
            f"{path}:{table.reader.line_num}: not a row of numbers, one for each column",
            "restore the file, or train the run again",
        ) from None
    if not rows:
        raise RunError(
            f"{path}: no epochs in it", "the run was stopped before its first epoch ended"
        )
    if not all(math.isfinite(row.get("epoch", math.nan)) for row in rows):
        raise RunError(
            f"{path}: expected the number of its epoch in every row",
            "restore the file, or train the run again",
        )
    return rows
