"""Check the axes of constraints against the axes of their weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kcnn.model.graph import Node
from kcnn.recipe import Recipe
from kcnn.recipe.layers import Layer
from kcnn.recipe.layers.shapes import Shape, ShapeMistake, listed

_ENDING = "_constraint"
# The axes of the weights of a unit, by rank: all axes of a kernel but the last.
_AXES_OF_A_UNIT = {1: "0", 2: "0", 3: "[0, 1]", 4: "[0, 1, 2]"}


def constraints_off_their_weights(
    recipe: Recipe, nodes: Sequence[Node], shapes: Mapping[str, Shape]
) -> list[str]:
    """List the constraints along axes that their weights do not have.

    Args:
        recipe: The recipe of the graph, for messages.
        nodes: The unfolded graph.
        shapes: Output shapes by name of layer, as far as the layers fit.

    Returns:
        The problems, with their lines.
    """
    return [
        recipe.origin.problem((*node.loc, setting), f"layer {node.name}: {mistake}")
        for node in nodes
        if node.inputs[0] in shapes
        for setting, mistake in _mistakes(node.layer, shapes[node.inputs[0]])
    ]


def _mistakes(layer: Layer, shape: Shape) -> Iterator[tuple[str, str]]:
    for setting, constraint in layer.written().items():
        axis = getattr(constraint, "axis", None) if setting.endswith(_ENDING) else None
        if axis is None:
            continue
        weight = setting.removesuffix(_ENDING)
        try:
            shapes = layer.weight_shapes(shape)
        except ShapeMistake:  # the layer does not fit, which is reported by itself
            return
        # depthwise_constraint is for the depthwise_kernel, or for the only kernel.
        named = next(name for name in (weight, f"{weight}_kernel", "kernel") if name in shapes)
        rank, axes = len(shapes[named]), listed(axis)
        if len(set(axes)) < len(axes) or not all(-rank <= number < rank for number in axes):
            which = "axis 0 only" if rank == 1 else f"axes 0 to {rank - 1}"
            yield (
                setting,
                f"{type(constraint).__name__} along axis {axis}, and this {weight} has {which}; "
                f"write axis: {_AXES_OF_A_UNIT[rank]}",
            )
