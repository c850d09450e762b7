"""The feature maps that a model's layers compute for images."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from kcnn.errors import DataError
from kcnn.model.recipe_class import recipe_class

# The scaling of the images, and their input.
_SCALING = (
    keras.layers.InputLayer,
    keras.layers.Identity,
    keras.layers.Normalization,
)


@dataclass(frozen=True)
class LayerMaps:
    """The feature maps of one layer for some images.

    Args:
        name: The layer's name.
        maps: float32, shape (images, height, width, channels).
        unfinished: Whether only normalizations, sums and activations take them as input.
    """

    name: str
    maps: np.ndarray
    unfinished: bool


def compute_feature_maps(model: keras.Model, images: np.ndarray) -> list[LayerMaps]:
    """Run images through a model and return the feature maps of its layers.

    Layers that change nothing but scale and border are left out: the input, scaling, zero padding,
    and layers such as dropout and noise, which are inactive outside training.

    Args:
        model: A functional model with one input of shape (count, height, width, channels).
        images: Raw pixels from 0 to 255, shape (images, height, width, channels).

    Returns:
        Every other layer with an output of shape (images, height, width, channels), in the order of
        the graph. Empty if there is none.

    Raises:
        DataError: The images do not have the shape of the model's input.
    """
    expected = tuple(model.input_shape[1:])
    if expected != images.shape[1:]:
        raise DataError(
            f"feature maps: the model takes images {expected}, these are {images.shape[1:]}"
        )
    layers = [layer for layer in model.layers if not _looks_like_input(layer)]
    layers = [layer for layer in layers if len(layer.output.shape) == 4]
    if not layers:
        return []
    probe = keras.Model(model.input, {layer.name: layer.output for layer in layers})
    outputs = probe(images.astype(np.float32), training=False)
    return [
        LayerMaps(layer.name, _to_float32(outputs[layer.name]), _is_unfinished(layer, model))
        for layer in layers
    ]


def _looks_like_input(layer: keras.Layer) -> bool:
    return isinstance(layer, _SCALING) or recipe_class(layer).looks_like_input


def _is_unfinished(layer: keras.Layer, model: keras.Model) -> bool:
    readers = [
        other
        for other in model.layers
        if any(tensor is layer.output for tensor in keras.tree.flatten(other.input))
    ]
    # A layer whose output no other layer reads is the model's output.
    return bool(readers) and all(recipe_class(reader).ends_block for reader in readers)


def _to_float32(batch: keras.KerasTensor) -> np.ndarray:
    # NumPy has no bfloat16.
    return keras.ops.convert_to_numpy(keras.ops.cast(batch, "float32"))
