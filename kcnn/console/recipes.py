"""The text of kcnn recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kcnn.console.tables import table

if TYPE_CHECKING:
    from kcnn.commands.recipes import RecipeTable


def recipes_text(recipes: RecipeTable) -> str:
    """Return a row per recipe."""
    rows = [(row.name, row.dataset, row.about) for row in recipes.rows]
    return table(("recipe", "data", "about"), rows) + "\n\nkcnn recipes show NAME prints one"
