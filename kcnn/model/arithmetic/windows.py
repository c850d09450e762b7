"""The sliding window of a convolution or pooling, one axis at a time."""

from __future__ import annotations

from dataclasses import dataclass

from kcnn.model.arithmetic.shapes import Shape, borders, pair, window_reach
from kcnn.model.graph import Node
from kcnn.recipe import layers
from kcnn.recipe.layers import ZeroPadding2D

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)
POOLINGS = (layers.MaxPooling2D, layers.AveragePooling2D)


@dataclass(frozen=True)
class Window:
    """A window that slides over one axis of a map.

    Args:
        size: Rows or columns of the map, padding not counted.
        kernel: Weights or values along the axis.
        dilation: Distance between neighbouring ones.
        stride: Distance between neighbouring places of the window.
        before: Zeros put before the first row or column.
        after: Zeros put behind the last.
    """

    size: int
    kernel: int
    dilation: int
    stride: int
    before: int
    after: int

    @property
    def reach(self) -> int:
        """Rows or columns from the window's first to its last."""
        return window_reach(self.kernel, self.dilation)

    @property
    def left_over(self) -> int:
        """Rows or columns behind the last place of the window, zeros among them."""
        return (self.size + self.before + self.after - self.reach) % self.stride


@dataclass(frozen=True)
class WrittenLayer:
    """A layer as a recipe writes it, the zeros of a numbered padding included.

    Args:
        node: The layer.
        border: The ZeroPadding2D that stands before it for `padding: 1`; None without.
    """

    node: Node
    border: Node | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the layers it reads."""
        return self.node.inputs if self.border is None else self.border.inputs


def as_written(nodes: tuple[Node, ...]) -> list[WrittenLayer]:
    """Puts each numbered padding back into the layer it was written in."""
    pairs = list(zip((None, *nodes), nodes, strict=False))
    borders_of = {node.name: before for before, node in pairs if _is_border(before, node)}
    hidden = {border.name for border in borders_of.values() if border is not None}
    return [
        WrittenLayer(node, borders_of.get(node.name)) for node in nodes if node.name not in hidden
    ]


def windows(written: WrittenLayer, shape: Shape) -> tuple[Window, Window] | None:
    """Describes how a layer slides over its map.

    Args:
        written: The layer.
        shape: What comes in, before any padding: (height, width, channels).

    Returns:
        The windows over height and width; None for a layer that slides over nothing.
    """
    layer = written.node.layer
    if isinstance(layer, CONVOLUTIONS):
        kernels, dilations = pair(layer.kernel_size), pair(layer.dilation_rate)
        strides = pair(layer.strides)
    elif isinstance(layer, POOLINGS):
        kernels, dilations = pair(layer.pool_size), (1, 1)
        strides = kernels if layer.strides is None else pair(layer.strides)
    else:
        return None
    numbered = ((0, 0), (0, 0))
    if written.border is not None and isinstance(written.border.layer, ZeroPadding2D):
        numbered = borders(written.border.layer.padding)
    height, width = (
        _window(shape[axis], kernels[axis], dilations[axis], strides[axis], margins)
        for axis, margins in enumerate(numbered if layer.padding != "same" else (None, None))
    )
    return height, width


def _window(
    size: int, kernel: int, dilation: int, stride: int, margins: tuple[int, int] | None
) -> Window:
    if margins is None:
        margins = same_margins(size, window_reach(kernel, dilation), stride)
    return Window(size, kernel, dilation, stride, *margins)


def same_margins(size: int, reach: int, stride: int) -> tuple[int, int]:
    """Gives the zeros that `padding: same` puts before and behind, as TensorFlow does."""
    total = max((-(-size // stride) - 1) * stride + reach - size, 0)
    return total // 2, total - total // 2


def _is_border(before: Node | None, node: Node) -> bool:
    return (
        before is not None
        and isinstance(before.layer, ZeroPadding2D)
        and not isinstance(node.layer, ZeroPadding2D)
        and before.loc == node.loc
        and node.inputs == (before.name,)
    )
