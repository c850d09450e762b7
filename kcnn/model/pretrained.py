"""The files of the pretrained weights that a plan's Applications start from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from kcnn.data.pretrained import (
    PretrainedFile,
    find_imagenet,
    read_hashes,
    require_weights_file,
)
from kcnn.errors import DataError, RecipeError
from kcnn.model.graph import Node
from kcnn.model.plan import Plan
from kcnn.progress import Progress
from kcnn.recipe.layers import Application
from kcnn.recipe.layers.application import NO_WEIGHTS

# By the name of the layer that starts from it.
PretrainedFiles = Mapping[str, PretrainedFile]


def applications(plan: Plan) -> Iterator[tuple[Node, Application]]:
    """List the Applications of a plan."""
    for node in plan.nodes:
        if isinstance(node.layer, Application):
            yield node, node.layer


def require_pretrained(plan: Plan) -> None:
    """Raise unless all files of weights that the recipe names are there; look for no others.

    Raises:
        RecipeError: One is missing, or is no file of weights.
    """
    errors = []
    for node, layer in applications(plan):
        if isinstance(layer.weights, Path):
            try:
                require_weights_file(layer.weights)
            except DataError as error:
                errors.append(weights_error(plan, node, error.message))
    if errors:
        raise RecipeError(
            [problem for error in errors for problem in error.problems], errors[0].hint
        )


def find_pretrained(plan: Plan, progress: Progress) -> PretrainedFiles:
    """Find the weights of a plan's Applications, and download those of ImageNet that are missing.

    Args:
        plan: The plan.
        progress: Shows downloads.

    Raises:
        RecipeError: A file is missing, or is no file of weights.
        DataError: ImageNet weights can neither be found nor downloaded.
    """
    require_pretrained(plan)
    found = {}
    for node, layer in applications(plan):
        if isinstance(layer.weights, Path):
            found[node.name] = read_hashes(layer.weights)
        elif layer.weights != NO_WEIGHTS:
            height, width, _ = plan.shapes[node.inputs[0]]
            file = layer.architecture.imagenet_file(height, width)
            found[node.name] = find_imagenet(file, progress)
    return found


def weights_error(plan: Plan, node: Node, message: str, hint: str | None = None) -> RecipeError:
    """Return the error about an Application's weights; its hint names what is expected.

    Args:
        plan: The plan.
        node: The Application.
        message: What is wrong.
        hint: How to fix it; in general words if None.
    """
    assert isinstance(node.layer, Application)
    problem = plan.recipe.origin.problem((*node.loc, "weights"), message)
    expected = f"weights of {node.layer.in_words} without its top (include_top=False)"
    return RecipeError([problem], hint or f"write a file with {expected}, imagenet, or none")
