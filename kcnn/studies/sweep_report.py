"""What kcnn sweep found, and the JSON, table and picture it leaves of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.files.atomic import write_csv, write_json
from kcnn.recipe.write import one_line
from kcnn.studies.grid import Combination
from kcnn.studies.quantities import Quantity
from kcnn.studies.trials import TrainedRun


@dataclass(frozen=True)
class SweepRow:
    """One combination and what became of it.

    Args:
        combination: Its settings.
        trained: One a seed.
        quantities: What all of its finished runs measured; none when no run was finished.
    """

    combination: Combination
    trained: tuple[TrainedRun, ...]
    quantities: tuple[Quantity, ...]

    @property
    def finished(self) -> list[TrainedRun]:
        """Its seeds that were trained to the end."""
        return [one for one in self.trained if one.run is not None]

    @property
    def seconds(self) -> float | None:
        """The mean time a seed was trained; None when none was finished."""
        times = [one.seconds for one in self.finished]
        return sum(times) / len(times) if times else None

    def quantity(self, name: str) -> Quantity | None:
        """Finds what was measured under a name, `val_accuracy` for instance."""
        return next((one for one in self.quantities if one.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """Gives it as plain JSON values."""
        return {
            "settings": self.combination.values,
            "label": self.combination.label,
            "seeds": [one.wanted.seed for one in self.finished],
            "runs": [str(one.run.path) for one in self.trained if one.run is not None],
            "seconds": self.seconds,
            "quantities": [one.as_json() for one in self.quantities],
            "problems": {str(one.wanted.seed): one.problem for one in self.trained if one.problem},
        }


@dataclass(frozen=True)
class Sweep:
    """Every combination of some settings, the best first.

    Args:
        recipe: The recipe's name.
        overrides: Settings that all have in common.
        settings: Dotted names of the settings that vary.
        seeds: How many each was to be trained with.
        ordered_by: `val_accuracy`, or `accuracy` where not all have validation images.
        rows: One a combination.
        folder: Where table and picture lie.
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
        """What is shown of each combination: the accuracy that orders them, and the test's."""
        return self.ordered_by, "test_accuracy"

    @property
    def picture(self) -> Path:
        """The file of the picture."""
        return self.folder / "sweep.png"

    def as_json(self) -> dict[str, Any]:
        """Gives it as plain JSON values."""
        return {
            "recipe": self.recipe,
            "overrides": list(self.overrides),
            "settings": list(self.settings),
            "seeds": self.seeds,
            "ordered_by": self.ordered_by,
            "combinations": [row.as_json() for row in self.rows],
            "folder": str(self.folder),
        }


def write_report(result: Sweep, rows: Sequence[SweepRow]) -> None:
    """Writes sweep.json, sweep.csv and sweep.png.

    Args:
        result: The sweep.
        rows: Its combinations in the order of the request, which is the picture's.

    Raises:
        RunError: The folder cannot be written, or a run's metrics cannot be read.
    """
    from kcnn.figures import sweep as picture
    from kcnn.figures.curves import read_curve
    from kcnn.figures.style import save

    write_json(result.folder / "sweep.json", result.as_json())
    columns, lines = _csv(result)
    write_csv(result.folder / "sweep.csv", columns, lines)
    series = [
        picture.Series(
            row.combination.label,
            [read_curve(one.run) for one in row.trained if one.run is not None],
        )
        for row in rows
        if row.finished
    ]
    save(picture.draw(f"{result.recipe}: {', '.join(result.settings)}", series), result.picture)


def _csv(result: Sweep) -> tuple[list[str], list[list[object]]]:
    measures = [f"{name}{part}" for name in result.columns for part in ("", "_low", "_high")]
    columns = [*result.settings, "seeds", *measures, "seconds", "runs", "problem"]
    lines = [
        [
            *(one_line(value) for value in row.combination.values.values()),
            len(row.finished),
            *(number for name in result.columns for number in _numbers(row.quantity(name))),
            "" if row.seconds is None else round(row.seconds, 3),
            " ".join(one.run.title for one in row.trained if one.run is not None),
            "; ".join(one.problem for one in row.trained if one.problem),
        ]
        for row in result.rows
    ]
    return columns, lines


def _numbers(quantity: Quantity | None) -> tuple[object, object, object]:
    """Gives mean and interval; nothing where there is none."""
    if quantity is None:
        return "", "", ""
    interval = quantity.interval
    return quantity.mean, *((interval.low, interval.high) if interval else ("", ""))
