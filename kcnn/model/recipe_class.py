"""The recipe's class of a Keras layer."""

from __future__ import annotations

import keras

from kcnn.recipe.layers import LAYERS, Layer


def recipe_class(layer: keras.Layer) -> type[Layer]:
    """Return the class that recipes name, to ask for the properties of a layer's kind.

    Args:
        layer: A layer of Keras, or of kcnn's own faster ones, which are subclasses.

    Returns:
        The class; `Layer`, which has no property, for what no recipe names, such as the scaling.
    """
    names = (kind.__name__ for kind in type(layer).__mro__)
    return next((LAYERS[name] for name in names if name in LAYERS), Layer)
