"""kcnn explain: the arithmetic of a recipe's network, without training it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.errors import RecipeError
from kcnn.model.explain.explain import Explanation, explain_network
from kcnn.model.explain.padding import PaddingAnswer, solve_padding
from kcnn.model.graph import as_written, unfold
from kcnn.model.known_images import known_classes, require_image_shape
from kcnn.model.shapes import infer_shapes
from kcnn.recipe import Recipe, read_recipe


@dataclass(frozen=True)
class PaddingAnswers:
    """Which padding keeps a map's size, for each convolution whose input is known.

    Args:
        recipe: The recipe.
        answers: One or two a convolution; none in a network without convolutions.
        problem: Why the layers behind do not fit; None if all do.
    """

    recipe: Recipe
    answers: tuple[PaddingAnswer, ...]
    problem: RecipeError | None


def explain(recipe: str | Path, overrides: Sequence[str] = ()) -> Explanation:
    """Explain a recipe's network layer by layer, without TensorFlow.

    Args:
        recipe: A file, or the name of a shipped recipe.
        overrides: Settings from the command line.

    Returns:
        The layers that fit; `problem` is why the next one does not.

    Raises:
        RecipeError: The recipe has mistakes, or its layers make no graph.
        DataError: The size of the images is not known without reading them.
    """
    settings = read_recipe(recipe, overrides)
    return explain_network(settings, require_image_shape(settings), known_classes(settings.data))


def solve_for_padding(recipe: str | Path, overrides: Sequence[str] = ()) -> PaddingAnswers:
    """Compute which padding keeps a map's size, for each convolution of a recipe.

    Args:
        recipe: A file, or the name of a shipped recipe.
        overrides: Settings from the command line.

    Raises:
        RecipeError: The recipe has mistakes, or its layers make no graph.
        DataError: The size of the images is not known without reading them.
    """
    settings = read_recipe(recipe, overrides)
    nodes = tuple(unfold(settings))
    shapes, problem = infer_shapes(settings, nodes, require_image_shape(settings))
    return PaddingAnswers(settings, tuple(solve_padding(as_written(nodes), shapes)), problem)
