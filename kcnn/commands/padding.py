"""kcnn padding: which padding keeps the size of each convolution's map?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.errors import RecipeError
from kcnn.model.checked_recipe import describe_what_is_there, require_image_shape
from kcnn.model.explain.padding import PaddingSolution, solve_padding
from kcnn.model.graph import as_written, unfold
from kcnn.model.shapes import infer_shapes
from kcnn.recipe import Recipe, read_recipe


@dataclass(frozen=True)
class PaddingSolutions:
    """Which padding keeps a map's size, for each convolution whose input is known.

    Args:
        recipe: The recipe.
        solutions: One or two per convolution; none in a model without convolutions.
        problem: Why the layers behind do not fit; None if all do.
    """

    recipe: Recipe
    solutions: tuple[PaddingSolution, ...]
    problem: RecipeError | None

    def as_json(self) -> list[dict[str, Any]]:
        """Return what json.dumps takes."""
        return [
            {
                "layer": solution.layer,
                "axis": solution.axis,
                "size": solution.window.size,
                "kernel": solution.window.kernel,
                "stride": solution.window.stride,
                "dilation": solution.window.dilation,
                "padding": solution.padding,
                "sum": solution.sum,
                "check": solution.check,
                "advice": solution.advice,
            }
            for solution in self.solutions
        ]


def solve_for_padding(recipe: str | Path, overrides: Sequence[str] = ()) -> PaddingSolutions:
    """Solve for the padding that keeps each convolution's map, without TensorFlow.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings from the command line, each `setting=value`.

    Raises:
        RecipeError: The recipe has mistakes, or its layers make no graph.
        DataError: The size of the images is not known without reading them.
    """
    settings = read_recipe(recipe, overrides)
    nodes = tuple(unfold(settings))
    shapes, problem = infer_shapes(
        settings, nodes, require_image_shape(settings, describe_what_is_there(settings))
    )
    return PaddingSolutions(settings, tuple(solve_padding(as_written(nodes), shapes)), problem)
