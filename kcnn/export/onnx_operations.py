"""Operations that tf2onnx 1.17 does not convert, or converts wrongly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _convert_erfc(graph: Any, node: Any, name: str, arguments: list[Any]) -> None:
    """Replace TensorFlow's Erfc (in exact GELU), which tf2onnx 1.17 does not know: 1 - Erf(x)."""
    erf = graph.make_node("Erf", node.input)
    _replace_by_difference(graph, node, _one(graph), erf.output[0])


def _convert_expm1(graph: Any, node: Any, name: str, arguments: list[Any]) -> None:
    """Replace TensorFlow's Expm1 (in CELU), which tf2onnx 1.17 does not know: Exp(x) - 1."""
    exponential = graph.make_node("Exp", node.input)
    _replace_by_difference(graph, node, exponential.output[0], _one(graph))


def _one(graph: Any) -> str:
    """Add the constant 1 to the graph; return its name."""
    from tf2onnx.utils import make_name

    name: str = graph.make_const(make_name("one"), np.float32(1)).output[0]
    return name


def _replace_by_difference(graph: Any, node: Any, minuend: str, subtrahend: str) -> None:
    shapes, dtypes = node.output_shapes, node.output_dtypes  # while the graph has the node
    graph.remove_node(node.name)
    graph.make_node(
        "Sub",
        [minuend, subtrahend],
        name=node.name,
        outputs=node.output,
        shapes=shapes,
        dtypes=dtypes,
    )


def pad_outputs(model: Any) -> None:
    """Replace the negative padding of transposed convolutions, which ONNX forbids.

    TensorFlow adds rows and columns at the end where strides are longer than the kernel, or
    `output_padding` asks for them. ONNX has `output_padding` for them, too.

    Args:
        model: An onnx.ModelProto.
    """
    import onnx

    for node in model.graph.node:
        if node.op_type != "ConvTranspose":
            continue
        attributes = {attribute.name: attribute for attribute in node.attribute}
        if "pads" not in attributes:
            continue
        pads = attributes["pads"].ints
        half = len(pads) // 2
        totals = [pads[axis] + pads[half + axis] for axis in range(half)]
        if min(totals) >= 0:
            continue
        for axis, total in enumerate(totals):
            if total < 0:
                pads[axis] = pads[half + axis] = 0
        more = [max(0, -total) for total in totals]
        node.attribute.append(onnx.helper.make_attribute("output_padding", more))


# How tf2onnx converts an operation of TensorFlow: a function and its last argument.
HANDLERS: dict[str, tuple[Callable[..., None], list[Any]]] = {
    "Erfc": (_convert_erfc, []),
    "Expm1": (_convert_expm1, []),
}
