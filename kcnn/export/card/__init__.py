"""The model card beside an exported model: facts, numbers with intervals, limits, the recipe."""
