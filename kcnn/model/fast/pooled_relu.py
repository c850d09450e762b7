"""ReLU whose gradient is computed behind the max pooling that follows it.

The gradient of ReLU is 0 where its output is 0. Behind the pooling there are fewer values to test,
a quarter for windows of 2×2. There, a window whose largest value is 0 gets the gradient 0, and any
other passes its gradient to a value above 0: so ReLU itself has no gradient to set to 0. Outputs,
gradients and weights are Keras's to the bit, but for the sign of zeros in a gradient, and for the
gradient of windows that hold NaN, with which a training has failed.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from math import prod

import keras
import tensorflow as tf

from kcnn.model.graph import Node
from kcnn.recipe import layers as kinds
from kcnn.recipe.layers import Layer
from kcnn.recipe.layers.shapes import pair

_Gradient = Callable[[tf.Tensor], tf.Tensor]


def find_pooled_relus(nodes: Sequence[Node]) -> set[str]:
    """Find the layers that end in ReLU and are read by a max pooling alone.

    Args:
        nodes: The layers of a model.

    Returns:
        The names of these layers and of their poolings.
    """
    readers = Counter(name for node in nodes for name in node.inputs)
    relus = {node.name for node in nodes if readers[node.name] == 1 and _ends_in_relu(node.layer)}
    found: set[str] = set()
    for node in nodes:
        if _pools_to_fewer_values(node.layer) and relus.issuperset(node.inputs):
            found.update(node.inputs, [node.name])
    return found


def _ends_in_relu(layer: Layer) -> bool:
    if isinstance(layer, kinds.ReLU):
        return layer.written().keys() <= {"name", "inputs"}
    return getattr(layer, "activation", None) == "relu"


def _pools_to_fewer_values(layer: Layer) -> bool:
    if not isinstance(layer, kinds.MaxPooling2D):
        return False
    return prod(pair(layer.strides or layer.pool_size)) > 1


@functools.wraps(keras.activations.relu)
def relu_before_pooling(inputs: tf.Tensor) -> tf.Tensor:
    """Compute ReLU; the gradient passes unchanged. Layers save the function under Keras's name."""
    return _relu_before_pooling(inputs)


@tf.custom_gradient
def _relu_before_pooling(inputs: tf.Tensor) -> tuple[tf.Tensor, _Gradient]:
    return tf.nn.relu(inputs), lambda gradient: gradient


@keras.saving.register_keras_serializable("kcnn")
class ReLUBeforePooling(keras.layers.ReLU):
    """Keras's ReLU, whose gradient passes unchanged."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the larger of each value and 0."""
        return relu_before_pooling(inputs)


@keras.saving.register_keras_serializable("kcnn")
class MaxPoolingBehindReLU(keras.layers.MaxPooling2D):
    """Keras's max pooling with the gradient of the ReLU before it."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the largest value of each window of a ReLU's outputs."""
        return _with_gradient_of_relu(super().call(inputs))


@tf.custom_gradient
def _with_gradient_of_relu(values: tf.Tensor) -> tuple[tf.Tensor, _Gradient]:
    return tf.identity(values), lambda gradient: tf.raw_ops.ReluGrad(
        gradients=gradient, features=values
    )
