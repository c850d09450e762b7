"""Make a model output class probabilities, also if it ends in logits."""

from __future__ import annotations

from collections.abc import Hashable

import keras

from kcnn.model.output_activation import Link, OutputActivation, output_activation
from kcnn.model.recipe_class import recipe_class
from kcnn.model.tensors import layer_inputs, layer_output
from kcnn.recipe.layers.shapes import is_last_axis

NAME = "probabilities"


def probability_model(model: keras.Model, several_labels: bool = False) -> keras.Model:
    """Add a softmax to a model that ends in logits, or a sigmoid.

    Args:
        model: A functional model with one output of shape (count, classes).
        several_labels: Whether an image may have several labels, so that logits need a sigmoid.

    Returns:
        The model itself if it ends in a softmax or a sigmoid, else a model with the same weights
        and a float32 `Softmax` or `Activation` layer at its end.
    """
    if activation_of(model) != "linear":
        return model
    name = NAME
    while any(layer.name == name for layer in model.layers):
        name += "_"
    if several_labels:
        layer = keras.layers.Activation("sigmoid", dtype="float32", name=name)
    else:
        layer = keras.layers.Softmax(dtype="float32", name=name)
    output = layer(model.outputs[0])
    return keras.Model(model.inputs[0], output, name=model.name)


def activation_of(model: keras.Model) -> OutputActivation:
    """Return the activation of a functional model's output; `linear` for logits."""
    links: dict[Hashable, Link] = {id(layer_output(layer)): _link(layer) for layer in model.layers}
    return output_activation(links)


def _link(layer: keras.Layer) -> Link:
    rank = len(layer.output.shape) - 1
    is_softmax = isinstance(layer, keras.layers.Softmax) and is_last_axis(layer.axis, rank)
    activation = getattr(getattr(layer, "activation", None), "__name__", None)
    return Link(
        activation="softmax" if is_softmax else activation,
        keeps_probabilities=recipe_class(layer).keeps_probabilities,
        width=layer.output.shape[-1],
        inputs=tuple(id(tensor) for tensor in layer_inputs(layer)),
    )
