"""Check that convolutions meet the requirements of Whitening and Dirac."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from kcnn.model.graph import INPUT, Node, as_written
from kcnn.recipe import Recipe
from kcnn.recipe.fields import Settings
from kcnn.recipe.initializers import Dirac, Whitening
from kcnn.recipe.layers import Conv2D
from kcnn.recipe.layers.shapes import Shape, pair
from kcnn.text.numbers import shape_text

InitializerT = TypeVar("InitializerT", bound=Settings)


def convolutions_with(
    kind: type[InitializerT], nodes: Sequence[Node]
) -> list[tuple[Node, Conv2D, InitializerT]]:
    """Return the convolutions whose kernel has an initializer of a class.

    Args:
        kind: The initializer's class.
        nodes: The unfolded graph.

    Returns:
        For each convolution its node, its layer and its initializer.
    """
    return [
        (node, node.layer, node.layer.kernel_initializer)
        for node in nodes
        if isinstance(node.layer, Conv2D) and isinstance(node.layer.kernel_initializer, kind)
    ]


def initializer_problems(recipe: Recipe, nodes: tuple[Node, ...], image_shape: Shape) -> list[str]:
    """Return a problem for each convolution that its initializer is not for.

    A whitening convolution reads the image, its window is not larger than the image, and it has at
    most two filters for each eigenvector. Convolutions with Whitening or Dirac have `groups: 1`.

    Args:
        recipe: The recipe of the graph, for messages.
        nodes: The unfolded graph.
        image_shape: Height, width and channels of the images.

    Returns:
        The problems, with their lines.
    """
    written = {node.name: node for node in as_written(nodes)}
    mistakes = [
        (node, mistake)
        for node, layer, _ in convolutions_with(Whitening, nodes)
        if (mistake := _whitening_mistake(written[node.name], layer, image_shape))
    ] + [
        (node, f"Dirac needs groups: 1; got {layer.groups}")
        for node, layer, _ in convolutions_with(Dirac, nodes)
        if layer.groups != 1
    ]
    return [
        recipe.origin.problem((*node.loc, "kernel_initializer"), f"layer {node.name}: {mistake}")
        for node, mistake in mistakes
    ]


def _whitening_mistake(node: Node, layer: Conv2D, image_shape: Shape) -> str | None:
    if node.inputs != (INPUT,):
        return (
            "Whitening is for a convolution that reads the image; write another initializer, such "
            "as Dirac, or inputs: image"
        )
    if layer.groups != 1:
        return f"Whitening needs groups: 1; got {layer.groups}"
    reach = tuple(window.reach for window in layer.windows(image_shape))
    if any(length > size for length, size in zip(reach, image_shape[:2], strict=True)):
        return (
            f"Whitening computes patches of the images, which are {shape_text(image_shape[:2])}, "
            f"and this kernel's are {shape_text(reach)}; write a smaller kernel_size or "
            "dilation_rate"
        )
    height, width = pair(layer.kernel_size)
    channels = image_shape[2]
    max_filters = 2 * height * width * channels
    if layer.filters % 2 or layer.filters > max_filters:
        return (
            f"Whitening needs an even number of filters, at most {max_filters}, two for each of "
            f"the {height}·{width}·{channels} values of a patch; got filters: {layer.filters}"
        )
    return None
