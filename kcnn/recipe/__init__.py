"""What a recipe may set, read strictly and with line numbers; knows nothing of Keras."""

from kcnn.recipe.load import read_recipe
from kcnn.recipe.schema import Recipe

__all__ = ["Recipe", "read_recipe"]
