"""Finding one of a network's convolutions, and a place in its output."""

from __future__ import annotations

from kcnn.errors import RecipeError
from kcnn.model.arithmetic.windows import Step, steps
from kcnn.model.plan import Plan
from kcnn.recipe.fields import suggest
from kcnn.recipe.layers import Conv2D


def find_convolution(plan: Plan, name: str) -> Step:
    """Finds a convolution by the name that the recipe or Keras gives it.

    Raises:
        RecipeError: There is no such layer, or it is no Conv2D.
    """
    written = {step.node.name: step for step in steps(plan.nodes)}
    convolutions = [one for one, step in written.items() if isinstance(step.node.layer, Conv2D)]
    if name in convolutions:
        return written[name]
    file = plan.recipe.origin.file
    known = f"its convolutions are {', '.join(convolutions)}" if convolutions else None
    if name in written:
        kind = type(written[name].node.layer).__name__
        raise RecipeError([f"{file}: layer {name} is a {kind}, expected a Conv2D"], known)
    raise RecipeError([f"{file}: no layer is named {name}{suggest(name, written)}"], known)


def require_place(
    plan: Plan, step: Step, at: tuple[int, int] | None, number: int
) -> tuple[int, int]:
    """Gives the row and column to look at, the middle when none is named.

    Raises:
        RecipeError: The place or the filter is not in the layer's output.
    """
    name = step.node.name
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
