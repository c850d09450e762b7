"""The folder of a report about several runs of one recipe."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from kcnn.errors import RunError
from kcnn.files.atomic import require_writable
from kcnn.files.folder_names import folder_name
from kcnn.recipe import Recipe
from kcnn.recipe.differences import deciding_settings
from kcnn.runs.folder import is_run


def report_folder(output_dir: Path, name: str, recipe: Recipe, overrides: Sequence[str]) -> Path:
    """Return the folder of a report, beside the runs of its recipe; it need not exist yet.

    Args:
        output_dir: The folder of all runs.
        name: What the report is about, such as `reproduction`.
        recipe: The settings in force.
        overrides: Settings from the command line; with any, a hash of the settings is appended to
            the name, so that each variant of a recipe has its own report.

    Raises:
        RunError: The folder cannot be written, or a run has this name.
    """
    if overrides:
        name = folder_name(name, json.dumps(deciding_settings(recipe), sort_keys=True))
    folder = output_dir / recipe.name / name
    require_writable(folder)
    if is_run(folder):
        raise RunError(
            f"{folder}: is a run, but the report goes there", "give the run another name"
        )
    return folder
