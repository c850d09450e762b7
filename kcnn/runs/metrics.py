"""metrics.csv: a row for each epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from kcnn.errors import RunError
from kcnn.files.atomic import write_csv
from kcnn.files.read import DAMAGED_HINT, read_csv
from kcnn.runs.folder import RunFolder
from kcnn.text.numbers import six_digits

# How the names of metrics between 0 and 1 end, of all that recipes may ask for.
_FRACTIONS = (
    "accuracy",
    "precision",
    "recall",
    "f1_score",
    "macro_f1",
    "micro_f1",
    "exact_match",
    "auc",
)
# What is measured on the test images of every run, or of a run with as many classes as that needs,
# with its words.
TEST_SCORES = {
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "top_3_accuracy": "top-3 accuracy",
    "top_5_accuracy": "top-5 accuracy",
    "roc_auc": "area under the ROC curve",
    "average_precision": "average precision",
}
# What is measured where an image may have several labels.
LABEL_SCORES = {
    "mean_average_precision": "mean average precision",
    "exact_match": "exact match",
    "micro_f1": "micro F1",
    "macro_f1": "macro F1",
    "tuned_macro_f1": "macro F1 with the thresholds of validation",
}
# The column of runs that fine-tune: 1 in the epochs before it, 2 in its own.
PHASE = "phase"
_NO_EPOCH_HINT = "the run was stopped before its first epoch ended"


def is_fraction(metric: str) -> bool:
    """Return whether a metric lies between 0 and 1, as accuracies do and losses do not.

    Args:
        metric: Its name with any prefix: `test_accuracy`, `best.val_auc`.
    """
    return metric.endswith(_FRACTIONS)


def metric_columns(
    metrics: Sequence[str], validated: bool, watched: Sequence[str] = ()
) -> list[str]:
    """Return the columns of metrics.csv.

    Args:
        metrics: Names of the metrics: loss, accuracy, further ones.
        validated: Whether validation images are scored after each epoch.
        watched: Names of what else is measured after each epoch.

    Example:
        `epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds`
    """
    first, further = metrics[:2], metrics[2:]
    columns = ["epoch", *first]
    if validated:
        columns += [f"val_{name}" for name in first]
    columns += ["learning_rate", "seconds", *further]
    if validated:
        columns += [f"val_{name}" for name in further]
    return [*columns, *watched]


def written(column: str, value: float) -> str:
    """Return a number as metrics.csv has it: six significant digits, or milliseconds."""
    if column in ("epoch", PHASE):
        return str(int(value))
    return f"{value:.3f}" if column == "seconds" else six_digits(value)


def write_metrics(
    run: RunFolder, columns: Sequence[str], rows: Iterable[Mapping[str, float]]
) -> None:
    """Write metrics.csv whole or not at all.

    Args:
        run: The run.
        columns: As `metric_columns` returns them.
        rows: A mapping of column names to numbers for each epoch.

    Raises:
        RunError: The file cannot be written.
    """
    write_csv(
        run.metrics,
        columns,
        [[written(column, row[column]) for column in columns] for row in rows],
    )


def read_metrics(run: RunFolder) -> list[dict[str, float]]:
    """Read metrics.csv: a mapping of column names to numbers for each epoch.

    Raises:
        RunError: It is missing or empty, has no epochs, or a value is not a number.
    """
    path = run.metrics
    table = read_csv(path, _NO_EPOCH_HINT)
    rows = []
    for line, cells in zip(table.lines, table.rows, strict=True):
        try:
            numbers = map(float, cells)
            rows.append(dict(zip(table.header, numbers, strict=True)))
        except ValueError:
            raise RunError(
                f"{path}:{line}: not a row of numbers, one for each column", _hint(table.header)
            ) from None
    if not rows:
        raise RunError(f"{path}: no epochs in it", _NO_EPOCH_HINT)
    if not all(math.isfinite(row.get("epoch", math.nan)) for row in rows):
        raise RunError(f"{path}: expected the number of its epoch in every row", DAMAGED_HINT)
    return rows


def _hint(header: Sequence[str]) -> str:
    if len(header) == 1 and ";" in header[0]:
        return "a spreadsheet saved it with semicolons; save it with commas and decimal points"
    return DAMAGED_HINT
