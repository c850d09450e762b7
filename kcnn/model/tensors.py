"""What a layer reads and returns in the model that it is part of."""

from __future__ import annotations

import keras


def layer_output(layer: keras.Layer) -> keras.KerasTensor:
    """Return a layer's output in the model around it.

    `layer.output` of a layer that is a model itself, as an Application is, belongs to that model.
    """
    return keras.Operation.output.fget(layer)


def layer_inputs(layer: keras.Layer) -> list[keras.KerasTensor]:
    """Return what a layer reads in the model around it."""
    return list(keras.tree.flatten(keras.Operation.input.fget(layer)))
