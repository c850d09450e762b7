"""kcnn doctor: what this machine has, and whether kcnn can work here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.commands.data import list_datasets
from kcnn.errors import KcnnError
from kcnn.files.atomic import require_writable
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress
from kcnn.studies.repeatability import differing_files


@dataclass(frozen=True)
class Machine:
    """What kcnn found on a machine.

    Args:
        description: Versions, processor and devices, as in environment.json.
        output_dir: Where runs would go.
        output_dir_problem: Why nothing can be written there; None if it can.
        data: Where each named dataset is; None if it is not on this machine.
        differing_files: Files that differ after training twice; None if that was not asked for.
    """

    description: dict[str, Any]
    output_dir: Path
    output_dir_problem: str | None
    data: dict[str, str | None]
    differing_files: list[str] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        values = {
            **self.description,
            "output_dir": str(self.output_dir),
            "output_dir_problem": self.output_dir_problem,
        }
        if self.differing_files is not None:
            values["differing_files"] = self.differing_files
        return {**values, "data": self.data}


def examine(
    output_dir: Path, data_dir: Path | None, progress: Progress, repeat: bool = False
) -> Machine:
    """Examine versions, devices, precision, data and the output folder.

    Args:
        output_dir: Where runs would go.
        data_dir: The folder in which datasets are looked for first.
        progress: Shows the start of TensorFlow, and the trainings.
        repeat: Whether to train twice and compare: `differing_files`, none where training repeats.

    Raises:
        DataError: --data-dir or KCNN_DATA is not a directory.
        TrainingError: A training failed.
    """
    datasets = {row.name: row.found for row in list_datasets(data_dir).rows}
    start_tensorflow(progress)
    from kcnn.machine.description import describe_machine

    return Machine(
        description=describe_machine(),
        output_dir=output_dir,
        output_dir_problem=_problem_of(output_dir),
        data=datasets,
        differing_files=differing_files(progress) if repeat else None,
    )


def _problem_of(output_dir: Path) -> str | None:
    try:
        require_writable(output_dir)
    except KcnnError as error:
        return error.message
    return None
