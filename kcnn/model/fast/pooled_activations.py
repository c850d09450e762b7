"""Activations whose gradient is computed by the pooling that follows them.

The gradient of ReLU is 0 where its output is 0. Behind max pooling, fewer outputs have to be
tested: a quarter for windows of 2×2. If the largest value of a window is 0, the pooling sets the
gradient of the window to 0. Otherwise the gradient goes to a value above 0, and ReLU passes it on
unchanged. Outputs, gradients and weights are Keras's to the bit. There are two exceptions: the sign
of zeros in a gradient, and the gradient of windows that hold NaN, with which a training has failed.

The gradient of average pooling is the same for all values of a window. XLA computes it together
with the gradient of the activation in one pass, in float32 whatever the precision. Outputs are
Keras's to the bit.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import prod

import keras
import tensorflow as tf

from kcnn.model.graph import Node
from kcnn.recipe import layers as kinds
from kcnn.recipe.layers import Layer
from kcnn.recipe.layers.shapes import Shape, pair

# Values of an image's map. With fewer, calling what XLA compiled takes as long as it saves (batches
# of 128 images).
_MIN_VALUES = 2_000

Function = Callable[[tf.Tensor], tf.Tensor]


def find_pooled_activations(nodes: Sequence[Node], shapes: Mapping[str, Shape]) -> dict[str, str]:
    """Find the activations whose output is read by one layer, a pooling that this module has.

    Args:
        nodes: The layers of a model.
        shapes: The shape of each layer's output.

    Returns:
        Keras's name of the activation, once by the name of the layer that ends in it, and once by
        the name of the pooling.
    """
    readers = Counter(name for node in nodes for name in node.inputs)
    layers = {node.name: node.layer for node in nodes}
    found: dict[str, str] = {}
    for node in nodes:
        before = node.inputs[0]
        activation = _last_activation(layers[before]) if before in layers else None
        if activation and readers[before] == 1 and _pools(node.layer, activation, shapes[before]):
            found[before] = found[node.name] = activation
    return found


def _last_activation(layer: Layer) -> str | None:
    if isinstance(layer, kinds.ReLU):
        return "relu" if layer.written().keys() <= {"name", "inputs"} else None
    activation: str | None = getattr(layer, "activation", None)
    return activation


def _pools(layer: Layer, activation: str, shape: Shape) -> bool:
    """Return whether this module has a pooling for a layer that reads maps of this shape."""
    if isinstance(layer, kinds.MaxPooling2D):
        # With strides of 1 there would be as many values behind the pooling.
        return activation == "relu" and prod(pair(layer.strides or layer.pool_size)) > 1
    if not isinstance(layer, kinds.AveragePooling2D) or activation not in AVERAGE_POOLINGS:
        return False
    windows = pair(layer.pool_size)
    apart = layer.strides is None or pair(layer.strides) == windows
    fit = shape[0] % windows[0] == 0 and shape[1] % windows[1] == 0
    return apart and fit and prod(shape) >= _MIN_VALUES


def activation_before_pooling(name: str) -> Function:
    """Return an activation that passes its gradient unchanged, because the pooling computes it.

    Layers save the function under Keras's name.

    Args:
        name: Keras's name of the activation.
    """
    activation = keras.activations.get(name)

    @tf.custom_gradient
    def passes_gradient(inputs: tf.Tensor) -> tuple[tf.Tensor, Function]:
        return activation(inputs), lambda gradient: gradient

    @functools.wraps(activation)
    def before_pooling(inputs: tf.Tensor) -> tf.Tensor:
        return passes_gradient(inputs)

    return before_pooling


@keras.saving.register_keras_serializable("kcnn")
class ReLUBeforePooling(keras.layers.ReLU):
    """Keras's ReLU, which passes its gradient unchanged."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the larger of each value and 0."""
        return activation_before_pooling("relu")(inputs)


@keras.saving.register_keras_serializable("kcnn")
class MaxPoolingBehindReLU(keras.layers.MaxPooling2D):
    """Keras's max pooling with the gradient of the ReLU before it."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the largest value of each window of a ReLU's outputs."""
        return _with_gradient_of_relu(super().call(inputs))


@tf.custom_gradient
def _with_gradient_of_relu(values: tf.Tensor) -> tuple[tf.Tensor, Function]:
    return tf.identity(values), lambda gradient: tf.raw_ops.ReluGrad(
        gradients=gradient, features=values
    )


class _AveragePoolingBehindActivation(keras.layers.AveragePooling2D):
    """Keras's average pooling with the gradient of the activation before it.

    The windows must cover the map without overlap.
    """

    @staticmethod
    def slope(outputs: tf.Tensor) -> tf.Tensor:
        """Return the derivative of the activation, computed from its outputs."""
        raise NotImplementedError

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the mean of each window of an activation's outputs."""
        mean = super().call

        @tf.custom_gradient
        def pool(outputs: tf.Tensor) -> tuple[tf.Tensor, Function]:
            return mean(outputs), lambda gradient: self._gradient(outputs, gradient)

        return pool(inputs)

    @tf.function(jit_compile=True, autograph=False)
    def _gradient(self, outputs: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
        (rows, columns), (high, wide) = outputs.shape[1:3], self.pool_size
        down, across, channels = rows // high, columns // wide, outputs.shape[3]
        windows = tf.reshape(outputs, (-1, down, high, across, wide, channels))
        slopes = self.slope(tf.cast(windows, tf.float32))
        means = tf.reshape(gradient, (-1, down, 1, across, 1, channels))
        spread = tf.cast(means, tf.float32) / (high * wide)
        return tf.cast(tf.reshape(slopes * spread, tf.shape(outputs)), outputs.dtype)


@keras.saving.register_keras_serializable("kcnn")
class AveragePoolingBehindReLU(_AveragePoolingBehindActivation):
    """Average pooling of a ReLU's outputs."""

    @staticmethod
    def slope(outputs: tf.Tensor) -> tf.Tensor:
        """Return 1 where a value is positive, else 0."""
        return tf.cast(outputs > 0, outputs.dtype)


@keras.saving.register_keras_serializable("kcnn")
class AveragePoolingBehindSigmoid(_AveragePoolingBehindActivation):
    """Average pooling of a sigmoid's outputs."""

    @staticmethod
    def slope(outputs: tf.Tensor) -> tf.Tensor:
        """Return y·(1 − y)."""
        return outputs * (1 - outputs)


@keras.saving.register_keras_serializable("kcnn")
class AveragePoolingBehindTanh(_AveragePoolingBehindActivation):
    """Average pooling of a hyperbolic tangent's outputs."""

    @staticmethod
    def slope(outputs: tf.Tensor) -> tf.Tensor:
        """Return 1 − y²."""
        return 1 - outputs * outputs


AVERAGE_POOLINGS = {
    "relu": AveragePoolingBehindReLU,
    "sigmoid": AveragePoolingBehindSigmoid,
    "tanh": AveragePoolingBehindTanh,
}
_CLASSES_FOR_RELU = {kinds.MaxPooling2D: MaxPoolingBehindReLU, kinds.ReLU: ReLUBeforePooling}


def pooled_class(layer: Layer, activation: str) -> type[keras.Layer] | None:
    """Return the class of this module for a layer; None if only the layer's activation changes.

    Args:
        layer: A layer that `find_pooled_activations` found.
        activation: The name of the activation that it found for the layer.
    """
    if isinstance(layer, kinds.AveragePooling2D):
        return AVERAGE_POOLINGS[activation]
    return _CLASSES_FOR_RELU.get(type(layer))
