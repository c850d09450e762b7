"""Which padding keeps a map's size under a convolution: 2P = (N − 1)·S + K − N."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kcnn.model.graph import Node
from kcnn.recipe.layers.expression import Expression
from kcnn.recipe.layers.shapes import Shape
from kcnn.recipe.layers.window import Window, window_reach


@dataclass(frozen=True)
class PaddingSolution:
    """The padding that keeps a map's size along one axis.

    Args:
        layer: The convolution's name.
        axis: `high`, `wide`, or `high and wide` if both have the same solution.
        window: How the convolution slides, without padding.
        padding: Zeros on each side; None if no number of them will do.
        sum: The sum solved for the padding.
        check: The output size with that padding, written out; None if it is no whole number.
        advice: Why none will do, and what to do instead; None if one does.
    """

    layer: str
    axis: str
    window: Window
    padding: int | None
    sum: str
    check: str | None
    advice: str | None


def solve_padding(nodes: list[Node], shapes: Mapping[str, Shape]) -> list[PaddingSolution]:
    """Solve every convolution for the padding that keeps its map's size.

    Args:
        nodes: The layers as the recipe writes them.
        shapes: Output shapes by name of layer, `image` among them; convolutions whose input is
            not among them, or is a row instead of a map, are left out.
    """
    return [
        solution
        for node in nodes
        if node.layer.has_kernel and node.inputs[0] in shapes
        for solution in _solve_layer(node, shapes[node.inputs[0]])
    ]


def _solve_layer(node: Node, shape: Shape) -> Iterator[PaddingSolution]:
    sliding = node.layer.windows(shape) if len(shape) == 3 else None
    if sliding is None:
        return
    rows, columns = (window._replace(before=0, after=0) for window in sliding)
    if rows == columns:
        yield _solve(node.name, "high and wide", rows)
    else:
        yield _solve(node.name, "high", rows)
        yield _solve(node.name, "wide", columns)


def _solve(layer: str, axis: str, window: Window) -> PaddingSolution:
    size, reach, stride = window.size, window.reach, window.stride
    total = (size - 1) * stride + reach - size
    padding = -(-total // 2)
    if 2 * padding > total + stride - 1:  # with strides, up to stride − 1 zeros may be left over
        uneven = (
            f"an even kernel has no middle: padding: same keeps the size with {total // 2} before "
            f"and {padding} after; an odd kernel needs none of this"
        )
        return PaddingSolution(layer, axis, window, None, _solution(window, total), None, uneven)
    padded = window._replace(before=padding, after=padding)
    check, advice = f"{padded.output_size()} = {size}", _reason_against(padded)
    found = padding if advice is None else None
    return PaddingSolution(layer, axis, window, found, _solution(window, total), check, advice)


def _solution(window: Window, total: int) -> str:
    reach, size = window_reach(window.kernel, window.dilation), Expression(window.size)
    needed = reach - 1 if window.stride == 1 else (size - 1) * window.stride + reach - size
    quotient = f"({needed})/2"
    if total % 2 == 0:
        return f"P = {quotient} = {total // 2}"
    whole = f"rounded up {-(-total // 2)}" if window.stride > 1 else "not a whole number"
    return f"P = {quotient} = {total / 2}, {whole}"


def _reason_against(padded: Window) -> str | None:
    if padded.stride == 1 or padded.before < padded.reach:
        return None
    smaller = -(-padded.size // padded.stride)
    return (
        f"with stride {padded.stride} it would take {padded.before} zeros on each side, so that "
        "windows at the edge see nothing else; strides are there to make the map smaller "
        f"({smaller} with padding: same), and strides: 1 keeps it"
    )
