"""The shapes of all layers of a model, from the shape of its images."""

from __future__ import annotations

from collections.abc import Sequence

from kcnn.errors import RecipeError
from kcnn.model.graph import INPUT, Node
from kcnn.recipe import Recipe
from kcnn.recipe.layers.shapes import Shape, ShapeMistake


def infer_shapes(
    recipe: Recipe, nodes: Sequence[Node], image_shape: Shape
) -> tuple[dict[str, Shape], RecipeError | None]:
    """Compute output shapes up to the first layer that does not fit.

    Args:
        recipe: The recipe of the graph, for messages.
        nodes: The unfolded graph.
        image_shape: Height, width and channels of the images.

    Returns:
        Shapes by name of layer, `image` among them, and why the next layer does not fit; None
        if all do.
    """
    shapes: dict[str, Shape] = {INPUT: image_shape}
    for node in nodes:
        try:
            sizes = node.layer.output_shape([shapes[name] for name in node.inputs])
        except ShapeMistake as mistake:
            message = f"layer {node.name}: {mistake}"
            return shapes, RecipeError([recipe.origin.problem(node.loc, message)])
        shapes[node.name] = tuple(map(int, sizes))
    return shapes, None
