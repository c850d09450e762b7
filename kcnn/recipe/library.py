"""The recipes that come with kcnn, found by name from any directory."""

from __future__ import annotations

from pathlib import Path

from kcnn.errors import RecipeError
from kcnn.text.did_you_mean import did_you_mean
from kcnn.text.shell import shell_word

HINT = "kcnn recipes show digits prints a recipe that works"
_PACKAGE = Path(__file__).resolve().parents[1]


def library_folder() -> Path:
    """Return the folder of recipes: inside an installed package, or beside it in a checkout."""
    installed = _PACKAGE / "recipes"
    return installed if installed.is_dir() else _PACKAGE.parent / "recipes"


def shipped_recipes() -> dict[str, Path]:
    """Return the files of the recipes that come with kcnn, by name."""
    return {path.stem: path for path in sorted(library_folder().glob("*.yaml"))}


def find_recipe(recipe: str | Path) -> Path:
    """Find a recipe's file.

    Args:
        recipe: A path, or the name of a recipe that comes with kcnn; a path goes first.

    Raises:
        RecipeError: Neither exists.
    """
    path = Path(recipe)
    shipped = shipped_recipes()
    if _exists(path) and not (path.is_dir() and str(recipe) in shipped):
        return path
    if str(recipe) in shipped:
        return shipped[str(recipe)]
    if path.stem in shipped:
        raise RecipeError(
            [f"{path}: no such file"], f"a recipe of that name comes with kcnn: write {path.stem}"
        )
    if _exists(beside := Path(f"{recipe}.yaml")):
        raise RecipeError([f"{path}: no such file"], f"write {beside}")
    images = path.with_suffix("")
    if path.suffix in (".yaml", ".yml") and _exists(images) and images.is_dir():
        raise RecipeError(
            [f"{path}: no such file"], f"write it first: kcnn init {shell_word(images)}"
        )
    raise RecipeError(
        [f"{path}: no such file, and no recipe of that name{did_you_mean(path.stem, shipped)}"],
        "kcnn recipes lists those that come with kcnn; your own recipe or images need their path",
    )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long, or a folder that may not be entered
        return False
