"""The text of kcnn sweep."""

from __future__ import annotations

from kcnn.console.compare import setting_text
from kcnn.console.tables import table
from kcnn.studies.sweep_report import Sweep, SweepRow
from kcnn.text.numbers import duration
from kcnn.text.shell import shell_word
from kcnn.text.wrap import wrapped

WIDTH = 100

NAMES = {
    "val_accuracy": "validation accuracy",
    "accuracy": "training accuracy",
    "test_accuracy": "test accuracy",
}


def sweep_text(sweep: Sweep) -> str:
    """Return the table of a sweep, the best first, and by which column to choose."""
    failed = [
        f"{result.trial.title}: failed: {result.problem}"
        for row in sweep.rows
        for result in row.results
        if result.problem
    ]
    runs = [
        shell_word(result.run.path)
        for row in sweep.rows[:2]
        for result in row.finished
        if result.run
    ]
    parts = [_table(sweep)]
    if failed:
        parts.append("\n".join(failed))
    parts.append(wrapped(_advice(sweep), WIDTH, later_indent=""))
    files = [f"plot   {sweep.plot}", f"table  {sweep.folder / 'sweep.csv'}, sweep.json"]
    if len(runs) > 1:
        files.append(f"next   kcnn compare {' '.join(runs)}")
    return "\n\n".join([*parts, "\n".join(files)])


def _table(sweep: Sweep) -> str:
    several = sweep.seeds > 1
    columns = [*sweep.settings]
    if several:
        columns.append("seeds")
    for name in sweep.columns:
        columns.append(NAMES[name])
        if several:
            columns.append("95 % of the mean")
    return table([*columns, "training"], [_cells(row, sweep, several) for row in sweep.rows])


def _cells(row: SweepRow, sweep: Sweep, several: bool) -> list[object]:
    cells: list[object] = [setting_text(value) for value in row.point.values.values()]
    if several:
        cells.append(len(row.finished))
    for name in sweep.columns:
        metric = row.quantity(name)
        cells.append(None if metric is None else metric.format_value(metric.mean))
        if several:
            interval = metric.interval if metric else None
            cells.append(metric.format_range(interval) if metric and interval else None)
    return [*cells, None if row.seconds is None else duration(row.seconds)]


def _advice(sweep: Sweep) -> str:
    """Return by which column to choose, and a warning if there is a single seed."""
    if sweep.ordered_by == "val_accuracy":
        advice = (
            "Choose by the validation accuracy. Choosing by the test accuracy would leak the test "
            "set into the choice."
        )
    else:
        advice = (
            "Do not choose by these columns: the training accuracy does not predict the accuracy "
            "on new images, and choosing by the test accuracy would leak the test set into the "
            "choice. Set data.validation=0.1 to choose by the accuracy on validation images."
        )
    if sweep.seeds > 1:
        return advice
    return f"{advice} With a single seed each, small differences may be chance: use --seeds 3."
