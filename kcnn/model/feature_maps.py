"""What each layer of a model answers to images."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from kcnn.errors import DataError

# Layers whose answer, outside training, looks like their question.
UNCHANGED = (
    keras.layers.InputLayer,
    keras.layers.Identity,
    keras.layers.Rescaling,
    keras.layers.Normalization,
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
    keras.layers.GaussianNoise,
    keras.layers.ZeroPadding2D,
)
# Layers that finish what the one before began: a convolution's block ends with them.
FINISHING = (
    keras.layers.BatchNormalization,
    keras.layers.LayerNormalization,
    keras.layers.GroupNormalization,
    keras.layers.Add,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
)


@dataclass(frozen=True)
class LayerMaps:
    """What one layer makes of some images.

    Args:
        name: The layer's name.
        maps: float32, shape (images, height, width, channels).
        unfinished: Whether only normalizations, sums and activations read them.
    """

    name: str
    maps: np.ndarray
    unfinished: bool


def feature_maps(model: keras.Model, images: np.ndarray) -> list[LayerMaps]:
    """Runs images through a model and keeps what its layers make of them.

    Left out are layers that change nothing but scale and border: the input, scaling, zero padding,
    and dropout and noise, which rest outside training.

    Args:
        model: A functional model with one input of shape (count, height, width, channels).
        images: Raw pixels from 0 to 255, shape (images, height, width, channels).

    Returns:
        Every layer whose output is a stack of maps, in the order of the graph; empty when there
        is none.

    Raises:
        DataError: The images have another shape than the model takes.
    """
    expected = tuple(model.input_shape[1:])
    if expected != images.shape[1:]:
        raise DataError(
            f"feature maps: the model takes images {expected}, these are {images.shape[1:]}"
        )
    layers = [layer for layer in model.layers if not isinstance(layer, UNCHANGED)]
    layers = [layer for layer in layers if len(layer.output.shape) == 4]
    if not layers:
        return []
    probe = keras.Model(model.input, {layer.name: layer.output for layer in layers})
    outputs = probe(images.astype(np.float32), training=False)
    return [
        LayerMaps(layer.name, _in_float32(outputs[layer.name]), _is_unfinished(layer, model))
        for layer in layers
    ]


def _is_unfinished(layer: keras.Layer, model: keras.Model) -> bool:
    readers = [
        other
        for other in model.layers
        if any(tensor is layer.output for tensor in keras.tree.flatten(other.input))
    ]
    # A layer that nothing reads gives the model's answer.
    return bool(readers) and all(isinstance(reader, FINISHING) for reader in readers)


def _in_float32(batch: keras.KerasTensor) -> np.ndarray:
    # bfloat16 is no number type of NumPy's own.
    return keras.ops.convert_to_numpy(keras.ops.cast(batch, "float32"))
