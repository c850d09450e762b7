"""What each layer of a model answers to one image."""

from __future__ import annotations

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
)


def feature_maps(model: keras.Model, image: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Runs one image through a model and keeps what its layers make of it.

    Left out are layers that change nothing but the scale: the input, scaling, and dropout and
    noise, which rest outside training.

    Args:
        model: A functional model with one input of shape (count, height, width, channels).
        image: Raw pixels from 0 to 255, shape (height, width, channels).

    Returns:
        Name and output, float32 of shape (height, width, channels), of every layer whose output
        is a stack of maps, in the order of the graph; empty when there is none.

    Raises:
        DataError: The image has another shape than the model takes.
    """
    expected = tuple(model.input_shape[1:])
    if expected != image.shape:
        raise DataError(
            f"feature maps: the model takes images {expected}, this one is {image.shape}"
        )
    layers = [layer for layer in model.layers if not isinstance(layer, UNCHANGED)]
    layers = [layer for layer in layers if len(layer.output.shape) == 4]
    if not layers:
        return []
    probe = keras.Model(model.input, {layer.name: layer.output for layer in layers})
    outputs = probe(image[np.newaxis].astype(np.float32), training=False)
    return [(layer.name, _first_in_float32(outputs[layer.name])) for layer in layers]


def _first_in_float32(batch: keras.KerasTensor) -> np.ndarray:
    # bfloat16 is no number type of NumPy's own.
    return keras.ops.convert_to_numpy(keras.ops.cast(batch, "float32"))[0]
