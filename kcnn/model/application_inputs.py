"""What an Application reads: pixels as they are in the image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kcnn.model.graph import INPUT, Node
from kcnn.recipe import Recipe
from kcnn.recipe import layers as kinds

# Layers behind which pixels still have values from 0 to 255.
_KEEP_PIXELS = (
    kinds.Cropping2D, kinds.ZeroPadding2D, kinds.UpSampling2D, kinds.MaxPooling2D,
    kinds.AveragePooling2D, kinds.Concatenate,
)  # fmt: skip


def misread_applications(recipe: Recipe, nodes: Sequence[Node]) -> Iterator[str]:
    """List the Applications that read something else than raw pixels.

    Args:
        recipe: The recipe.
        nodes: Its layers, each after all that it reads.
    """
    pixels = {INPUT}
    for node in nodes:
        reads_pixels = pixels.issuperset(node.inputs)
        if reads_pixels and isinstance(node.layer, _KEEP_PIXELS):
            pixels.add(node.name)
        if isinstance(node.layer, kinds.Application) and not reads_pixels:
            other = next(name for name in node.inputs if name not in pixels)
            message = (
                f"layer {node.name}: takes the image, raw pixels from 0 to 255, and reads {other}; "
                "write it as the first layer, or inputs: image"
            )
            yield recipe.origin.problem(node.loc, message)
