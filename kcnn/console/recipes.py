"""The texts of kcnn recipes, show and copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table
from kcnn.text.shell import shell_word

if TYPE_CHECKING:
    from kcnn.commands.recipes import RecipeCopy, RecipeTable, RecipeText


def recipes_text(recipes: RecipeTable) -> str:
    """Return a row per recipe."""
    rows = [(row.name, row.dataset, row.about) for row in recipes.rows]
    return table(("recipe", "data", "about"), rows) + "\n\nkcnn recipes show NAME prints one"


def recipe_text(recipe: RecipeText) -> str:
    """Return the recipe itself; printing adds the last line end."""
    return recipe.text.rstrip("\n")


def copy_text(copy: RecipeCopy) -> str:
    """Return where the copy is, and what to do with it."""
    return f"{copy.path}\nnext: edit it, then kcnn check {shell_word(copy.path)}"
