"""The result of `kcnn sweep`, and its files: JSON, table and plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.files.atomic import write_csv, write_json
from kcnn.progress import Progress
from kcnn.recipe.write import yaml_line
from kcnn.studies.grid import GridPoint
from kcnn.studies.quantities import Quantity
from kcnn.studies.trials import TrialResult


@dataclass(frozen=True)
class SweepRow:
    """One grid point and its results.

    Args:
        point: Its settings.
        results: One trial's result a seed.
        quantities: What all of its finished runs measured; none if no run is finished.
    """

    point: GridPoint
    results: tuple[TrialResult, ...]
    quantities: tuple[Quantity, ...]

    @property
    def finished(self) -> list[TrialResult]:
        """The results of the seeds that were trained to the end."""
        return [result for result in self.results if result.run is not None]

    @property
    def seconds(self) -> float | None:
        """The mean training time of its seeds; None if no run is finished."""
        times = [result.seconds for result in self.finished]
        return sum(times) / len(times) if times else None

    def quantity(self, name: str) -> Quantity | None:
        """Return the quantity of a name, such as `val_accuracy`; None if it was not measured."""
        return next((quantity for quantity in self.quantities if quantity.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "settings": self.point.values,
            "label": self.point.label,
            "seeds": [result.trial.seed for result in self.finished],
            "runs": [str(result.run.path) for result in self.results if result.run is not None],
            "seconds": self.seconds,
            "quantities": [quantity.as_json() for quantity in self.quantities],
            "problems": {
                str(result.trial.seed): result.problem for result in self.results if result.problem
            },
        }


@dataclass(frozen=True)
class Sweep:
    """A grid of settings with the results of each point, the best first.

    Args:
        recipe: The recipe's name.
        overrides: Settings that all points have in common.
        settings: Dotted names of the settings that vary.
        seeds: How many seeds of each point were wanted.
        ordered_by: `val_accuracy`, or `accuracy` if not all points have validation images.
        rows: One a grid point.
        folder: The folder of table and plot.
    """

    recipe: str
    overrides: tuple[str, ...]
    settings: tuple[str, ...]
    seeds: int
    ordered_by: str
    rows: tuple[SweepRow, ...]
    folder: Path

    @property
    def columns(self) -> tuple[str, str]:
        """The quantities to show of each point: the accuracy that orders them, and the test's."""
        return self.ordered_by, "test_accuracy"

    @property
    def plot(self) -> Path:
        """The file of the plot."""
        return self.folder / "sweep.png"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "recipe": self.recipe,
            "overrides": list(self.overrides),
            "settings": list(self.settings),
            "seeds": self.seeds,
            "ordered_by": self.ordered_by,
            "combinations": [row.as_json() for row in self.rows],
            "folder": str(self.folder),
        }


def write_report(result: Sweep, rows: Sequence[SweepRow], progress: Progress) -> None:
    """Write sweep.json, sweep.csv and sweep.png.

    Args:
        result: The sweep.
        rows: Its rows in the order of the grid, in which the plot has them.
        progress: Receives a note on characters that no font has.

    Raises:
        RunError: The folder cannot be written, or a run's metrics cannot be read.
    """
    from kcnn.figures import sweep as figure
    from kcnn.figures.curves import read_curve
    from kcnn.figures.fonts import note_boxes
    from kcnn.figures.style import save

    write_json(result.folder / "sweep.json", result.as_json())
    columns, lines = _csv(result)
    write_csv(result.folder / "sweep.csv", columns, lines)
    series = [
        figure.Series(
            row.point.label,
            [read_curve(result.run) for result in row.results if result.run is not None],
        )
        for row in rows
        if row.finished
    ]
    drawn = figure.draw(f"{result.recipe}: {', '.join(result.settings)}", series)
    note_boxes(save(drawn, result.plot), progress)


def _csv(sweep: Sweep) -> tuple[list[str], list[list[object]]]:
    """Return the columns and rows of sweep.csv."""
    measures = [f"{name}{part}" for name in sweep.columns for part in ("", "_low", "_high")]
    columns = [*sweep.settings, "seeds", *measures, "seconds", "runs", "problem"]
    lines = []
    for row in sweep.rows:
        line: list[object] = [yaml_line(value) for value in row.point.values.values()]
        line.append(len(row.finished))
        for name in sweep.columns:
            line += _mean_and_interval(row.quantity(name))
        line.append("" if row.seconds is None else round(row.seconds, 3))
        line.append(" ".join(result.run.title for result in row.results if result.run is not None))
        line.append("; ".join(result.problem for result in row.results if result.problem))
        lines.append(line)
    return columns, lines


def _mean_and_interval(quantity: Quantity | None) -> tuple[object, object, object]:
    """Return the mean and the ends of its interval; empty texts for what is unknown."""
    if quantity is None:
        return "", "", ""
    interval = quantity.interval
    if interval is None:
        return quantity.mean, "", ""
    return quantity.mean, interval.low, interval.high
