"""A model that answers with class probabilities, whatever its last layer gives."""

from __future__ import annotations

import keras

NAME = "probabilities"


def probability_model(model: keras.Model) -> keras.Model:
    """Adds a softmax to a model that ends in logits.

    Args:
        model: A functional model with one output of shape (count, classes).

    Returns:
        The same model when it ends in a softmax or a sigmoid; else a model with the same weights
        and a float32 `Softmax` layer behind them.
    """
    if _gives_probabilities(model.layers[-1]):
        return model
    name = NAME
    while any(layer.name == name for layer in model.layers):
        name += "_"
    output = keras.layers.Softmax(dtype="float32", name=name)(model.outputs[0])
    return keras.Model(model.inputs[0], output, name=model.name)


def _gives_probabilities(layer: keras.Layer) -> bool:
    if isinstance(layer, keras.layers.Softmax):
        return True
    return getattr(layer, "activation", None) in (
        keras.activations.softmax,
        keras.activations.sigmoid,
    )
