"""suspects/suspects.csv: training images of a run whose labels are probably wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from kcnn.files.atomic import write_csv
from kcnn.runs.folder import RunFolder
from kcnn.text.numbers import six_digits


@dataclass(frozen=True)
class Suspect:
    """A training image whose label is probably wrong.

    Args:
        index: Its position in the training set, from 0, before images for validation are taken.
        file: Its file; None if it has none of its own.
        label: The class that it is labeled with.
        suggested: The class that the model finds more likely.
        label_probability: The model's probability of the label.
        suggested_probability: The model's probability of the suggested class.
    """

    index: int
    file: str | None
    label: str
    suggested: str
    label_probability: float
    suggested_probability: float

    @property
    def name(self) -> str:
        """Its file, or its position."""
        return self.file or f"train {self.index}"


def suspects_folder(run: RunFolder) -> Path:
    """Return the folder of a run's suspects, and of the trainings that found them."""
    return run.path / "suspects"


def write_suspects(run: RunFolder, suspects: Iterable[Suspect]) -> Path:
    """Write suspects.csv, the most doubtful label first; return its path.

    Raises:
        RunError: The file cannot be written.
    """
    path = suspects_folder(run) / "suspects.csv"
    columns = [field.name for field in fields(Suspect)]
    write_csv(path, columns, ([_cell(value) for value in astuple(row)] for row in suspects))
    return path


def _cell(value: int | str | float | None) -> object:
    if value is None:
        return ""
    return six_digits(value) if isinstance(value, float) else value
