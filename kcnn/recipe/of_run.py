"""The settings of a run, as its resolved.yaml has them."""

from __future__ import annotations

from collections.abc import Sequence

import kcnn
from kcnn.errors import RecipeError, RunError
from kcnn.recipe.load import read_recipe
from kcnn.recipe.schema import Recipe
from kcnn.runs.environment import read_environment
from kcnn.runs.folder import RunFolder
from kcnn.text.printable import printable


def read_resolved(run: RunFolder, settings: Sequence[str] = ()) -> Recipe:
    """Read a run's resolved.yaml.

    Args:
        run: The run.
        settings: Settings to change, as `data.path=photos`.

    Raises:
        RecipeError: The file is missing or damaged, or a setting has a mistake. If another version
            of kcnn wrote the run, the hint says so, because that may know other settings.
    """
    try:
        return read_recipe(run.resolved, settings)
    except RecipeError as error:
        version = _version(run)
        if version in (None, kcnn.__version__):
            raise
        hint = f"the run was written by kcnn {version}, and this is kcnn {kcnn.__version__}"
        hints = [*filter(None, [error.hint]), hint]
        raise RecipeError(error.problems, "; ".join(hints)) from None


def _version(run: RunFolder) -> str | None:
    try:
        version = read_environment(run).values.get("kcnn")
    except RunError:
        return None
    return printable(version)[:20] if isinstance(version, str) else None
