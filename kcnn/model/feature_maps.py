"""The feature maps that a model's layers compute for images."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from kcnn.errors import DataError
from kcnn.model.recipe_class import recipe_class
from kcnn.model.tensors import layer_inputs, layer_output

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

    Of an Application, there are the maps of its last layer of each size. Layers that change nothing
    but scale and border are left out: the input, scaling, zero padding,
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
    maps: dict[str, keras.KerasTensor] = {}
    unfinished: set[str] = set()
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            maps |= _maps_within(layer, {other.name for other in model.layers})
        if _has_maps(layer):
            maps[layer.name] = layer_output(layer)
            if _is_unfinished(layer, model):
                unfinished.add(layer.name)
    if not maps:
        return []
    outputs = keras.Model(model.input, maps)(images.astype(np.float32), training=False)
    return [LayerMaps(name, _to_float32(outputs[name]), name in unfinished) for name in maps]


def _maps_within(application: keras.Model, taken: set[str]) -> dict[str, keras.KerasTensor]:
    """Return the last maps of each size in an Application, but for its output, by their names.

    Args:
        application: The Application.
        taken: Names of layers outside it.
    """
    last_of_size = {
        layer.output.shape[1:3]: layer for layer in application.layers if _has_maps(layer)
    }
    del last_of_size[application.output.shape[1:3]]
    # Of size 1×1 are the factors by which squeeze and excitation multiplies channels.
    inner = [layer for size, layer in last_of_size.items() if size != (1, 1)]
    if not inner:
        return {}
    probe = keras.Model(application.inputs, [layer.output for layer in inner])
    tensors = keras.tree.flatten(probe(layer_inputs(application)[0], training=False))
    names = [
        f"{application.name}/{layer.name}" if layer.name in taken else layer.name for layer in inner
    ]
    return dict(zip(names, tensors, strict=True))


def _has_maps(layer: keras.Layer) -> bool:
    return len(layer.output.shape) == 4 and not _looks_like_input(layer)


def _looks_like_input(layer: keras.Layer) -> bool:
    return isinstance(layer, _SCALING) or recipe_class(layer).looks_like_input


def _is_unfinished(layer: keras.Layer, model: keras.Model) -> bool:
    output = layer_output(layer)
    readers = [
        other for other in model.layers if any(tensor is output for tensor in layer_inputs(other))
    ]
    # A layer whose output no other layer reads is the model's output.
    return bool(readers) and all(recipe_class(reader).ends_block for reader in readers)


def _to_float32(batch: keras.KerasTensor) -> np.ndarray:
    # NumPy has no bfloat16.
    return keras.ops.convert_to_numpy(keras.ops.cast(batch, "float32"))
