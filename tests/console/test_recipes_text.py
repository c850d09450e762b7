from __future__ import annotations

from kcnn.commands.recipes import RecipeTable, ShippedRecipe
from kcnn.console.recipes import recipes_text


def test_recipes() -> None:
    recipes = RecipeTable((ShippedRecipe("net", "digits", "Two layers.", "net.yaml"),))
    assert recipes_text(recipes) == (
        "recipe  data    about\n"
        "──────  ──────  ───────────\n"
        "net     digits  Two layers.\n"
        "\n"
        "kcnn recipes show NAME prints one"
    )
