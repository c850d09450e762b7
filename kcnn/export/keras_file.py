"""Keras's own file: a model that Keras loads without kcnn, to predict with or to train further."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kcnn.export.format import Options, Tolerance
from kcnn.machine.packages import Requirement

if TYPE_CHECKING:
    import keras

    from kcnn.export.source import Source
    from kcnn.model.local_response import LocalResponseNormalization

NAME = "keras"
TITLE = "Keras"
FILE = "model.keras"
EXTRA = None
REQUIREMENTS: tuple[Requirement, ...] = ()
QUANTIZATIONS: tuple[str, ...] = ()
CAN_FIX_BATCH = False
BATCH_SIZE: int | None = None
RUNTIME = Path(__file__).parent / "runtimes" / "keras.py"
SIGNATURES: tuple[str, ...] = ()
WITHOUT: tuple[str, ...] = ()
USE = "use.py IMAGE"
PACKAGES = ("tensorflow", "keras")
TAKES = "uint8 or float32"


def tolerance(options: Options) -> Tolerance:
    """Return how far its predictions may differ from the model's.

    Mostly not at all (0 for cifar, resnet20 and transfer): the layers are the same. TensorFlow may
    fuse the operations of a graph in another way, and local response normalization is computed by
    other operations (4e-7).
    """
    return Tolerance(1e-5, 0.001)


def write(source: Source, options: Options, path: Path) -> None:
    """Write a `.keras` file of Keras's own layers and operations only.

    `keras.models.load_model(path)` needs no custom objects, and no `safe_mode=False`. The model
    takes raw pixels, 0 to 255, and returns probabilities.

    Args:
        source: What to write.
        options: Nothing that this format takes.
        path: The file.

    Raises:
        OSError: The disk is full.
    """
    without_own_layers(source.model).save(path)


def without_own_layers(model: keras.Model) -> keras.Model:
    """Return a model with the same weights and outputs that has only what Keras has.

    Args:
        model: A functional model, which is not changed.

    Returns:
        The model itself if it has no `LocalResponseNormalization`.
    """
    import keras

    from kcnn.model.local_response import LocalResponseNormalization

    if not any(isinstance(layer, LocalResponseNormalization) for layer in model.layers):
        return model

    def call(layer: keras.Layer, *inputs: Any, **arguments: Any) -> Any:
        if isinstance(layer, LocalResponseNormalization):
            layer = _of_operations(layer)
        return layer(*inputs, **arguments)

    return keras.models.clone_model(model, call_function=call, clone_function=lambda layer: layer)


def _of_operations(layer: LocalResponseNormalization) -> keras.Model:
    """Return local response normalization as a model of Keras's operations, as one layer.

    Models save operations as they save layers. In a model of their own, their names cannot be those
    of other layers.
    """
    import keras
    from keras import ops

    maps = keras.Input(layer.input.shape[1:])
    channels, radius = maps.shape[-1], layer.depth_radius
    squares = ops.pad(ops.square(maps), [[0, 0], [0, 0], [0, 0], [radius, radius]])
    sums = squares[..., :channels]
    for start in range(1, 2 * radius + 1):
        sums = sums + squares[..., start : start + channels]
    normalized = maps * ops.power(layer.bias + layer.alpha * sums, -layer.beta)
    return keras.Model(maps, normalized, name=layer.name)
