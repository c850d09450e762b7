"""Find one of a model's convolutions, and a location in its output."""

from __future__ import annotations

from kcnn.errors import RecipeError
from kcnn.model.graph import Node, as_written
from kcnn.model.plan import Plan
from kcnn.recipe.layers import Conv2D
from kcnn.text.did_you_mean import did_you_mean


def find_convolution(plan: Plan, name: str) -> Node:
    """Return a convolution as the recipe writes it, by its name.

    Raises:
        RecipeError: There is no such layer, or it is no Conv2D.
    """
    layers = {node.name: node for node in as_written(plan.nodes)}
    convolutions = [node.name for node in layers.values() if isinstance(node.layer, Conv2D)]
    if name in convolutions:
        return layers[name]
    file = plan.recipe.origin.file
    known = f"its convolutions are {', '.join(convolutions)}" if convolutions else None
    if name in layers:
        kind = type(layers[name].layer).__name__
        raise RecipeError([f"{file}: layer {name} is a {kind}, expected a Conv2D"], known)
    raise RecipeError([f"{file}: no layer is named {name}{did_you_mean(name, layers)}"], known)


def require_location(
    plan: Plan, name: str, at: tuple[int, int] | None, number: int
) -> tuple[int, int]:
    """Return the row and column to look at; the middle if none is given.

    Args:
        plan: The model's plan.
        name: A convolution's name.
        at: Row and column of its output, or None.
        number: The filter, from 0.

    Raises:
        RecipeError: The location or the filter is not in the layer's output.
    """
    height, width, filters = plan.shapes[name]
    row, column = (height // 2, width // 2) if at is None else at
    if row >= height or column >= width:
        message = f"--at {row},{column}: {name} returns a {height}×{width} map"
        hint = f"rows run from 0 to {height - 1}, columns from 0 to {width - 1}"
        raise RecipeError([message], hint)
    if number >= filters:
        message = f"--filter {number}: {name} has {filters} filters"
        raise RecipeError([message], f"they run from 0 to {filters - 1}")
    return row, column
