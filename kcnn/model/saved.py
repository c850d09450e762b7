"""Models on disk: as a run saves them, and read back."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import prod
from pathlib import Path

import keras

# Registers a layer of our own with Keras, which finds it by name when it loads a model.
import kcnn.model.local_response  # noqa: F401
from kcnn.errors import RunError
from kcnn.files.atomic import atomic
from kcnn.machine.memory import free_memory
from kcnn.model.fast import keras_class
from kcnn.model.initializers import Dirac
from kcnn.model.saved_archive import check_archive
from kcnn.text.printable import printable


def save_model(model: keras.Model, path: Path) -> None:
    """Writes a model whole or not at all, with the layers and initializers that Keras has.

    So Keras reads it without kcnn, unless it has a layer that Keras lacks. What only training
    needs, as the optimizer, stays out.

    Args:
        model: A functional model, which stays as it is.
        path: The `.keras` file.

    Raises:
        RunError: The place cannot be written, or the disk is full.
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
        RunError: The file is missing, damaged, larger than memory, or holds something else or code
            of its own.
    """
    if not path.is_file():
        raise RunError(f"{path}: no such model", "kcnn runs lists the runs")
    try:
        check_archive(path)
        with warnings.catch_warnings():
            # Keras warns of each part that does not fit, and then raises what is told here.
            warnings.simplefilter("ignore")
            model = keras.saving.load_model(path, compile=False, safe_mode=True)
    # A damaged archive raises nearly anything.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        raise RunError(
            f"{path}: not a model that kcnn saved, or damaged ({printable(reason)[:300]})",
            "restore it, or train the run again with kcnn fit",
        ) from None
    _require_classifier(model, path)
    _require_room(model, path)
    return model


def _require_classifier(model: keras.Model, path: Path) -> None:
    one = len(model.inputs) == 1 and len(model.outputs) == 1
    if one and _takes_images(model.input_shape) and _gives_classes(model.outputs[0]):
        return
    takes, gives = ([tuple(one.shape) for one in ends] for ends in (model.inputs, model.outputs))
    raise RunError(
        f"{path}: not a model from one image to classes: takes {takes}, answers {gives} of "
        f"{model.outputs[0].dtype}; expected (None, height, width, 1 or 3) and floats of shape "
        "(None, classes)",
        "name a run of kcnn fit",
    )


def _takes_images(shape: tuple[int | None, ...]) -> bool:
    return len(shape) == 4 and shape[0] is None and None not in shape[1:] and shape[3] in (1, 3)


def _gives_classes(output: keras.KerasTensor) -> bool:
    count, *classes = output.shape
    return (
        count is None
        and len(classes) == 1
        and classes[0] is not None
        and "float" in str(output.dtype)
    )


def _require_room(model: keras.Model, path: Path) -> None:
    """Makes sure that what each layer makes of one image fits into memory."""
    outputs = [output for layer in model.layers for output in keras.tree.flatten(layer.output)]
    largest = max(4 * prod(side or 1 for side in output.shape) for output in outputs)
    free = free_memory()
    if free is not None and largest > free:
        raise RunError(
            f"{path}: one image takes {largest:,} bytes in a layer, and {free:,} are free",
            "choose a run with a smaller network",
        )


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


def require_classes(model: keras.Model, path: Path, learned: Sequence[str]) -> None:
    """Makes sure that a model answers with one number for each class.

    Args:
        model: The model.
        path: Where it was loaded from, for the message.
        learned: The names of the classes that its run learned.

    Raises:
        RunError: There are more or fewer.
    """
    answers = model.output_shape[-1]
    if answers != len(learned):
        raise RunError(
            f"{path}: answers with {answers} classes, but there are {len(learned)} names",
            "the classes changed since the run was trained; train it again with kcnn fit",
        )
