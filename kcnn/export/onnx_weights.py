"""Keep large weights apart while tf2onnx converts a graph.

tf2onnx copies every constant many times. With AlexNet's 240 MB of weights, it takes 6 GB and 42
seconds; without them, 3.6 GB and 13 seconds, most of which TensorFlow takes before.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LARGE_BYTES = 2**16


def take_weights(graph: Any) -> dict[str, np.ndarray]:
    """Replace the large constants of a graph by inputs.

    Args:
        graph: A GraphDef without variables; it is changed.

    Returns:
        The constants by the names of their nodes.
    """
    import tensorflow as tf

    weights = {}
    for node in graph.node:
        if node.op == "Const" and node.attr["value"].tensor.ByteSize() >= LARGE_BYTES:
            weights[node.name] = tf.make_ndarray(node.attr["value"].tensor)
            node.op = "Placeholder"
            node.attr["shape"].shape.CopyFrom(node.attr["value"].tensor.tensor_shape)
            del node.attr["value"]
    return weights


def put_weights_back(model: Any, weights: dict[str, np.ndarray]) -> None:
    """Replace inputs of a model by constants, and compute what depends on constants alone.

    tf2onnx would transpose the kernels of convolutions, if it knew them.

    Args:
        model: An onnx.ModelProto; it is changed.
        weights: As of `take_weights`; emptied, to free memory.
    """
    import onnx.reference

    graph = model.graph
    inputs = [tensor for tensor in graph.input if tensor.name not in weights]
    del graph.input[:]
    graph.input.extend(inputs)
    small = {tensor.name: tensor for tensor in graph.initializer}
    opsets = {item.domain: item.version for item in model.opset_import}
    for node in list(graph.node):  # those that are read come first
        names = set(node.input)
        if not weights.keys() & names or not names <= weights.keys() | small.keys():
            continue
        values = {
            name: weights[name] if name in weights else onnx.numpy_helper.to_array(small[name])
            for name in names
        }
        outputs = onnx.reference.ReferenceEvaluator(node, opsets=opsets).run(None, values)
        weights.update(zip(node.output, outputs, strict=True))
        graph.node.remove(node)
    used = {name for node in graph.node for name in node.input}
    for tensor in small.values():
        if tensor.name not in used:
            graph.initializer.remove(tensor)
    for name in list(weights):
        array = weights.pop(name)
        if name in used:
            graph.initializer.append(onnx.numpy_helper.from_array(array, name))
