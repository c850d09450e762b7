"""Models on disk: as a run saves them, and read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras

# Registers a layer of our own with Keras, which finds it by name when it loads a model.
import kcnn.model.local_response  # noqa: F401
from kcnn.errors import RunError
from kcnn.files import atomic
from kcnn.model.fast import keras_class
from kcnn.model.initializers import Dirac


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a model whole or not at all, with the layers and initializers that Keras has.

    So Keras reads it without kcnn, unless it has a layer that Keras lacks. What only training
    needs, as the optimizer, stays out.

    Args:
        model: A functional model, which stays as it is.
        path: The `.keras` file.
    """
    # Of the network alone: with a model, its optimizer would be made again.
    network = keras.Model(model.input, model.output, name=model.name)
    copy = keras.models.clone_model(network, clone_function=_kept_by_keras)
    weights = model.get_weights()
    copy.set_weights(weights)
    with atomic(path, sum(one.nbytes for one in weights)) as temporary:
        copy.save(temporary)


def _kept_by_keras(layer: keras.Layer) -> keras.Layer:
    config = layer.get_config()
    if isinstance(getattr(layer, "kernel_initializer", None), Dirac):
        del config["kernel_initializer"]  # it has done its work
    return keras_class(layer).from_config(config)


def load_model(path: Path) -> keras.Model:
    """Loads a saved model, without what only training needs.

    Args:
        path: A `.keras` file.

    Returns:
        A model whose input takes raw pixels, 0 to 255, of shape (count, height, width, channels).

    Raises:
        RunError: The file is missing, damaged, or holds something else or code of its own.
    """
    if not path.is_file():
        raise RunError(f"{path}: no such model", "kcnn runs lists the runs")
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    # A damaged archive raises nearly anything.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        raise RunError(
            f"{path}: not a model that kcnn saved, or damaged ({reason})",
            "restore it, or train the run again with kcnn fit",
        ) from None
    if len(model.inputs) != 1 or len(model.input_shape) != 4 or len(model.outputs) != 1:
        raise RunError(f"{path}: not a model from one image to classes", "name a run of kcnn fit")
    return model


def require_images(model: keras.Model, path: Path, image_shape: tuple[int, int, int]) -> None:
    """Makes sure that a model takes images of this shape.

    Args:
        model: The model.
        path: Where it was loaded from, for the message.
        image_shape: Height, width and channels of the images.

    Raises:
        RunError: It was trained on images of another shape.
    """
    takes = tuple(model.input_shape[1:])
    if takes != image_shape:
        raise RunError(
            f"{path}: takes images of shape {takes}, but those of the data set are {image_shape}",
            "the data changed since the run was trained; train it again with kcnn fit",
        )


def require_classes(model: keras.Model, path: Path, class_names: Sequence[str]) -> None:
    """Makes sure that a model answers with one number for each of these classes.

    Args:
        model: The model.
        path: Where it was loaded from, for the message.
        class_names: The names of the classes.

    Raises:
        RunError: It was trained on other classes.
    """
    answers = model.output_shape[-1]
    if answers != len(class_names):
        raise RunError(
            f"{path}: answers with {answers} classes, but there are {len(class_names)} names",
            "the classes changed since the run was trained; train it again with kcnn fit",
        )
