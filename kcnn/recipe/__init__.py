"""What a recipe may say, read strictly and with line numbers; knows nothing of Keras."""

from kcnn.recipe.read import read_recipe
from kcnn.recipe.schema import Recipe

__all__ = ["Recipe", "read_recipe"]
