"""What a command is given: a recipe, or images, for which one is made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.data.dataset_kind import DATASETS_BY_SUFFIX
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.library import shipped_recipes

if TYPE_CHECKING:
    from kcnn.starter.starter import Starter


def read_recipe_or_images(
    recipe: str | Path, overrides: Sequence[str] = ()
) -> tuple[Recipe, Starter | None]:
    """Read a recipe; make one if images are named instead.

    Args:
        recipe: A recipe's file or name, a folder of images, a table of them or an .npz file.
        overrides: Settings from the command line, each `setting=value`.

    Returns:
        The settings in force, and the recipe that was made for them; None if it was read.

    Raises:
        RecipeError: The recipe or the overrides have mistakes.
        DataError: The images are no dataset.
    """
    if not names_images(recipe):
        return read_recipe(recipe, overrides), None
    from kcnn.starter.starter import make_starter  # a recipe needs none of it

    starter = make_starter(Path(recipe))
    return starter.read_unwritten(overrides), starter


def names_images(recipe: str | Path) -> bool:
    """Return whether images are named where a recipe could be."""
    path = Path(recipe)
    try:
        if path.is_dir():
            return str(recipe) not in shipped_recipes()
        return path.suffix.lower() in DATASETS_BY_SUFFIX and path.exists()
    except OSError:  # a name that is too long
        return False
