"""kcnn doctor: what this machine has, and whether kcnn can work here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kcnn.commands.data import list_sets
from kcnn.commands.repeatability import differing_files
from kcnn.errors import KcnnError
from kcnn.files.atomic import require_writable
from kcnn.machine.start import start_tensorflow
from kcnn.progress import Progress


def examine(
    output_dir: Path, data_dir: Path | None, progress: Progress, repeat: bool = False
) -> dict[str, Any]:
    """Examines versions, devices, precision, data and the output folder.

    Args:
        output_dir: Where runs would go.
        data_dir: Where to look for data first.
        progress: Shows the start of TensorFlow, and the trainings.
        repeat: Whether to train twice and compare: `differing_files`, none where training repeats.

    Raises:
        DataError: The data directory is none.
        TrainingError: A training failed.
    """
    sets = {row["name"]: row["found"] for row in list_sets(data_dir)}
    start_tensorflow(progress)
    from kcnn.machine.environment import describe_machine

    return {
        **describe_machine(),
        "output_dir": str(output_dir),
        "output_dir_problem": _problem_of(output_dir),
        **({"differing_files": differing_files(progress)} if repeat else {}),
        "data": {name: None if found is None else str(found) for name, found in sets.items()},
    }


def _problem_of(output_dir: Path) -> str | None:
    try:
        require_writable(output_dir)
    except KcnnError as error:
        return error.message
    return None
