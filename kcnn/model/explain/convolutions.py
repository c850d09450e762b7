"""Finding one of a network's convolutions, and a place in its output."""

from __future__ import annotations

from kcnn.errors import RecipeError
from kcnn.model.arithmetic.windows import WrittenLayer, as_written
from kcnn.model.plan import Plan
from kcnn.recipe.layers import Conv2D
from kcnn.text.did_you_mean import did_you_mean


def find_convolution(plan: Plan, name: str) -> WrittenLayer:
    """Finds a convolution by the name that the recipe or Keras gives it.

    Raises:
        RecipeError: There is no such layer, or it is no Conv2D.
    """
    layers = {written.node.name: written for written in as_written(plan.nodes)}
    convolutions = [
        one for one, written in layers.items() if isinstance(written.node.layer, Conv2D)
    ]
    if name in convolutions:
        return layers[name]
    file = plan.recipe.origin.file
    known = f"its convolutions are {', '.join(convolutions)}" if convolutions else None
    if name in layers:
        kind = type(layers[name].node.layer).__name__
        raise RecipeError([f"{file}: layer {name} is a {kind}, expected a Conv2D"], known)
    raise RecipeError([f"{file}: no layer is named {name}{did_you_mean(name, layers)}"], known)


def require_place(
    plan: Plan, written: WrittenLayer, at: tuple[int, int] | None, number: int
) -> tuple[int, int]:
    """Gives the row and column to look at, the middle when none is named.

    Raises:
        RecipeError: The place or the filter is not in the layer's output.
    """
    name = written.node.name
    height, width, filters = plan.shapes[name]
    row, column = (height // 2, width // 2) if at is None else at
    if row >= height or column >= width:
        message = f"--at {row},{column}: {name} gives a {height}×{width} map"
        hint = f"rows run from 0 to {height - 1}, columns from 0 to {width - 1}"
        raise RecipeError([message], hint)
    if number >= filters:
        message = f"--filter {number}: {name} has {filters} filters"
        raise RecipeError([message], f"they run from 0 to {filters - 1}")
    return row, column
