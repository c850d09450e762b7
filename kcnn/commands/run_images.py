"""A run's recipe for commands that read its images again, which may have moved since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from kcnn.data.scan import UnreadableImagesError
from kcnn.errors import DataError, RunError
from kcnn.recipe import Recipe
from kcnn.recipe.of_run import read_resolved
from kcnn.runs.folder import RunFolder
from kcnn.text.shell import shell_word

# Settings that decide where images are read from, not which images they are or how they look.
_MAY_CHANGE = ("data.path", "data.cache")


def read_run_recipe(run: RunFolder, settings: Sequence[str], command: str) -> Recipe:
    """Read a run's recipe, and check that its images are where it says.

    Args:
        run: The run.
        settings: Where the images are now, as `data.path=photos`; none if they did not move.
        command: The command, for the hint: `evaluate`.

    Raises:
        RecipeError: The recipe or a setting has a mistake.
        RunError: Another setting is given.
        DataError: The images are not there.
    """
    for setting in settings:
        name = setting.partition("=")[0].strip()
        if name not in _MAY_CHANGE:
            raise RunError(
                f"{name}: a run keeps the settings that it was trained with",
                f"only {' and '.join(_MAY_CHANGE)} may be given: where its images are now",
            )
    recipe = read_resolved(run, settings)
    path = recipe.data.path
    if path is not None and not path.exists():
        kind = "folder" if recipe.data.dataset == "folder" else "file"
        problem = f"no such {kind}"
        if path.is_symlink():
            problem = f"a link to {path.readlink()}, which is not there"
        raise DataError(
            f"{path}: {problem}",
            f"if it moved, write where it is now: kcnn {command} {shell_word(run.path)} "
            f"data.path={kind.upper()}",
        )
    return recipe


@contextmanager
def reading_again() -> Iterator[None]:
    """Word the error of damaged images for a run, which cannot leave out what it was scored on.

    Raises:
        DataError: Images cannot be read.
    """
    try:
        yield
    except UnreadableImagesError as error:
        hint = "restore them, or write where a copy of all images is: data.path=…"
        raise DataError(error.message, hint) from None
