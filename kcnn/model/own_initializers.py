"""What the initializers of our own ask of the convolutions they are for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from kcnn.model.graph import INPUT, Node, as_written
from kcnn.recipe import Recipe
from kcnn.recipe.fields import Settings
from kcnn.recipe.initializers import Dirac, Whitening
from kcnn.recipe.layers import Conv2D
from kcnn.recipe.layers.shapes import Shape, format_shape, pair

SomeInitializer = TypeVar("SomeInitializer", bound=Settings)


def convolutions_with(
    kind: type[SomeInitializer], nodes: Sequence[Node]
) -> list[tuple[Node, Conv2D, SomeInitializer]]:
    """Lists the convolutions whose kernel has an initializer of one kind, each with its own.

    Args:
        kind: The kind of initializer.
        nodes: The unfolded graph.
    """
    return [
        (node, node.layer, node.layer.kernel_initializer)
        for node in nodes
        if isinstance(node.layer, Conv2D) and isinstance(node.layer.kernel_initializer, kind)
    ]


def initializers_without_room(
    recipe: Recipe, nodes: tuple[Node, ...], image_shape: Shape
) -> list[str]:
    """Lists the convolutions that are not as their initializers need them.

    A whitening convolution reads the image, does not reach beyond it, and has no more filters than
    eigenvectors; one with Whitening or Dirac works in one group.

    Args:
        recipe: The recipe the graph is from, for messages.
        nodes: The unfolded graph.
        image_shape: Height, width and channels of the images.

    Returns:
        A problem each, with its line.
    """
    written = {node.name: node for node in as_written(nodes)}
    mistakes = [
        (node, mistake)
        for node, layer, _ in convolutions_with(Whitening, nodes)
        if (mistake := _mistake_of_whitening(written[node.name], layer, image_shape))
    ] + [
        (node, f"Dirac needs groups: 1; got {layer.groups}")
        for node, layer, _ in convolutions_with(Dirac, nodes)
        if layer.groups != 1
    ]
    return [
        recipe.origin.problem((*node.loc, "kernel_initializer"), f"layer {node.name}: {mistake}")
        for node, mistake in mistakes
    ]


def _mistake_of_whitening(node: Node, layer: Conv2D, image_shape: Shape) -> str | None:
    if node.inputs != (INPUT,):
        return (
            "Whitening is for a convolution that reads the image; write another initializer, as in "
            "Dirac, or inputs: image"
        )
    if layer.groups != 1:
        return f"Whitening needs groups: 1; got {layer.groups}"
    reach = tuple(window.reach for window in layer.windows(image_shape))
    if any(one > size for one, size in zip(reach, image_shape[:2], strict=True)):
        return (
            f"Whitening learns from patches of the images, which are "
            f"{format_shape(image_shape[:2])}, and this kernel reaches over {format_shape(reach)}; "
            "write a smaller kernel_size or dilation_rate"
        )
    height, width = pair(layer.kernel_size)
    channels = image_shape[2]
    most = 2 * height * width * channels
    if layer.filters % 2 or layer.filters > most:
        return (
            f"Whitening needs an even number of filters, at most {most}, two for each of the "
            f"{height}·{width}·{channels} values of a patch; got filters: {layer.filters}"
        )
    return None
