"""Keras's layers with the same weights and answers, computed faster while training.

Models on disk have Keras's own layers in their place (`kcnn.model.saved`), so what is read back may
round otherwise than what was scored: in float32 in the last digits only. In bfloat16 Keras rounds
to two or three digits at each pass of GELU, SiLU, Mish and the like, and `activations` once, so
that single images may get another class.
"""

from __future__ import annotations

import keras


def keras_class(layer: keras.Layer) -> type[keras.Layer]:
    """Gives the class that a layer stands in for; its own where it stands in for none."""
    return next(kind for kind in type(layer).__mro__ if not kind.__module__.startswith(__name__))
