"""Make a model output class probabilities, also if it ends in logits."""

from __future__ import annotations

from collections.abc import Hashable

import keras

from kcnn.model.output_activation import Link, output_activation
from kcnn.model.recipe_class import recipe_class
from kcnn.model.tensors import layer_inputs, layer_output
from kcnn.recipe.layers.shapes import is_last_axis

NAME = "probabilities"


def probability_model(model: keras.Model) -> keras.Model:
    """Add a softmax to a model that ends in logits.

    Args:
        model: A functional model with one output of shape (count, classes).

    Returns:
        The model itself if it ends in a softmax or a sigmoid, else a model with the same weights
        and a float32 `Softmax` layer at its end.
    """
    links: dict[Hashable, Link] = {id(layer_output(layer)): _link(layer) for layer in model.layers}
    if output_activation(links) != "linear":
        return model
    name = NAME
    while any(layer.name == name for layer in model.layers):
        name += "_"
    output = keras.layers.Softmax(dtype="float32", name=name)(model.outputs[0])
    return keras.Model(model.inputs[0], output, name=model.name)


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
