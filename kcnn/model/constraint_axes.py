"""The axes along which constraints take norms, held against the weights that they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kcnn.model.arithmetic.shapes import Shape
from kcnn.model.graph import Node
from kcnn.recipe import Recipe
from kcnn.recipe import layers as kinds
from kcnn.recipe.layers import Layer

_ENDING = "_constraint"
# Of a unit's weights, those behind the axes that count units: all but the last of a kernel.
_AXES_OF_A_UNIT = {1: "0", 2: "0", 3: "[0, 1]", 4: "[0, 1, 2]"}


def constraints_off_their_weights(
    recipe: Recipe, nodes: Sequence[Node], shapes: Mapping[str, Shape]
) -> list[str]:
    """Lists the constraints along axes that their weights do not have.

    Args:
        recipe: The recipe the graph is from, for messages.
        nodes: The unfolded graph.
        shapes: Output shapes by name of layer, as far as the layers fit.

    Returns:
        A problem each, with its line.
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
        rank = _rank(layer, weight, shape)
        axes = axis if isinstance(axis, list) else [axis]
        if len(set(axes)) < len(axes) or not all(-rank <= one < rank for one in axes):
            which = "axis 0 only" if rank == 1 else f"axes 0 to {rank - 1}"
            yield (
                setting,
                f"{type(constraint).__name__} along axis {axis}, and this {weight} has {which}; "
                f"write axis: {_AXES_OF_A_UNIT[rank]}",
            )


def _rank(layer: Layer, weight: str, shape: Shape) -> int:
    if isinstance(layer, kinds.PReLU):
        return len(shape)
    if weight in ("kernel", "depthwise", "pointwise"):
        return 2 if isinstance(layer, kinds.Dense) else 4
    if isinstance(layer, kinds.LayerNormalization) and isinstance(layer.axis, list):
        return len(layer.axis)
    return 1
