"""Keras's layers with the same weights and outputs, trained faster.

Saved models have Keras's own layers instead (`kcnn.model.saved`), so a loaded model may round in
other ways than the model that was scored. In float32 the last digits differ. In bfloat16, Keras
rounds to two or three digits after each operation of GELU, SiLU and Mish, and `activations.py` only
once, so that a few images may be predicted as another class.
"""

from __future__ import annotations

import keras


def keras_class(layer: keras.Layer) -> type[keras.Layer]:
    """Return the Keras class that a layer of this package replaces, or the layer's own class."""
    return next(kind for kind in type(layer).__mro__ if not kind.__module__.startswith(__name__))
