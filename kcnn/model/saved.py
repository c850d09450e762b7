"""The models of a run: saved as plain Keras models, and loaded as weights alone."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import prod
from pathlib import Path

import keras
import numpy as np

from kcnn.errors import KcnnError, RunError
from kcnn.files.atomic import atomic
from kcnn.machine.memory import free_memory
from kcnn.model.build import build_model
from kcnn.model.checked_recipe import describe_what_is_there
from kcnn.model.dtype_policy import dtype_policy
from kcnn.model.fast import keras_class
from kcnn.model.initializers import Dirac
from kcnn.model.plan import Plan, plan_model
from kcnn.model.saved_weights import load_weights, read_statistics, require_size
from kcnn.recipe import Recipe
from kcnn.recipe.of_run import read_resolved
from kcnn.runs.environment import read_environment
from kcnn.runs.find import find_model
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import how_to_finish, read_summary
from kcnn.text.printable import printable


def save_model(model: keras.Model, path: Path) -> keras.Model:
    """Save a model with Keras's own layers and initializers, whole or not at all.

    Plain Keras can load it, without kcnn, unless it has a layer that Keras lacks. What only
    training needs, such as the optimizer, is left out.

    Args:
        model: A functional model, which is not changed.
        path: The `.keras` file.

    Returns:
        The model as it was saved, to save it with other weights too: see `save_with_weights`.

    Raises:
        RunError: The file cannot be written, or the disk is full.
    """
    saved = with_layers_of_keras(model)
    save_with_weights(saved, model.get_weights(), path)
    return saved


def save_with_weights(model: keras.Model, weights: Sequence[np.ndarray], path: Path) -> None:
    """Set the weights of a model and save it, whole or not at all.

    Args:
        model: A model that `save_model` returned; it keeps the weights.
        weights: In the order of `get_weights`.
        path: The `.keras` file.

    Raises:
        RunError: The file cannot be written, or the disk is full.
    """
    model.set_weights(weights)
    with atomic(path, sum(array.nbytes for array in weights)) as temporary:
        model.save(temporary)


def load_model(run: RunFolder, which: str = "last", policy: str | None = None) -> keras.Model:
    """Build a run's model from its resolved.yaml and load its weights.

    The model file's configuration creates no objects, so that a stranger's file cannot run code.
    The model is the one that plain Keras would load from the file, to the bit.

    Args:
        run: The run.
        which: `last` or `best`.
        policy: The dtype policy that it computes in; None for that of its training.

    Returns:
        A model whose input takes raw pixels, 0 to 255, of shape (count, height, width, channels).

    Raises:
        RunError: The file is missing, damaged, larger than memory, or holds weights of other
            layers than resolved.yaml; or the shape of the images is not known.
        RecipeError: resolved.yaml is missing, damaged or describes no model.
    """
    path = find_model(run, which)
    recipe = read_resolved(run)
    plan = plan_model(recipe, _image_shape(run, recipe), classes=None)
    _require_classifier(plan, run)
    _require_memory(plan, path)
    try:
        require_size(path, plan)
        statistics = None
        if recipe.data.scaling == "standard":
            statistics = read_statistics(path, plan.image_shape[-1])
        with dtype_policy(policy or trained_policy(run, recipe)):
            model = with_layers_of_keras(build_model(plan, statistics))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of what it raises afterwards
            load_weights(model, path)
    except KcnnError:
        raise
    # A damaged file raises nearly anything.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        raise RunError(
            f"{path}: not the weights of {run.resolved.name}, or damaged "
            f"({printable(reason)[:300]})",
            "restore both files, or train the run again with kcnn fit",
        ) from None
    return model


def require_images(model: keras.Model, path: Path, image_shape: tuple[int, int, int]) -> None:
    """Raise unless a model takes images of this shape.

    Args:
        model: The model.
        path: The file it was loaded from, for the message.
        image_shape: Height, width and channels of the images.

    Raises:
        RunError: It was trained on images of another shape.
    """
    expected = tuple(model.input_shape[1:])
    if expected != image_shape:
        raise RunError(
            f"{path}: takes images of shape {expected}, but those of the dataset are {image_shape}",
            "the data changed since the run was trained; train it again with kcnn fit",
        )


def require_classes(model: keras.Model, path: Path, class_names: Sequence[str]) -> None:
    """Raise unless a model has one output for each class.

    Args:
        model: The model.
        path: The file it was loaded from, for the message.
        class_names: The names of the classes that its run learned.

    Raises:
        RunError: There are more or fewer.
    """
    outputs = model.output_shape[-1]
    if outputs != len(class_names):
        raise RunError(
            f"{path}: predicts {outputs} classes, but there are {len(class_names)} names",
            "the classes changed since the run was trained; train it again with kcnn fit",
        )


def with_layers_of_keras(model: keras.Model) -> keras.Model:
    """Build a model again without its optimizer, with Keras's layers in place of our faster ones.

    The paths of weights in a file come from the classes of the layers in their order, so saving
    and loading both go through here.
    """
    network = keras.Model(model.input, model.output, name=model.name)
    return keras.models.clone_model(network, clone_function=_layer_of_keras)


def _layer_of_keras(layer: keras.Layer) -> keras.Layer:
    config = layer.get_config()
    if isinstance(getattr(layer, "kernel_initializer", None), Dirac):
        del config["kernel_initializer"]  # it has done its work, and Keras has no such class
    return keras_class(layer).from_config(config)


def _image_shape(run: RunFolder, recipe: Recipe) -> tuple[int, int, int]:
    """Return the shape of the images, from summary.json or else from the recipe and its files.

    A run of an older kcnn, or one that was killed, did not write it into its summary.
    """
    recorded = read_summary(run).image_shape() if run.summary.is_file() else None
    shape = recorded or describe_what_is_there(recipe).image_shape
    if shape is None:
        raise RunError(
            f"{run.summary}: image_shape: missing, and {recipe.data.path} does not show it either",
            how_to_finish(run),
        )
    return shape


def trained_policy(run: RunFolder, recipe: Recipe) -> str:
    """Return the dtype policy that the model was trained under."""
    if recipe.train.precision != "auto":
        return recipe.train.precision
    return read_environment(run).precision()


def _require_classifier(plan: Plan, run: RunFolder) -> None:
    output = plan.shapes[plan.nodes[-1].name]
    if len(output) != 1:
        raise RunError(
            f"{run.resolved}: the output has shape {output}, expected one number a class",
            "restore it, or train the run again: kcnn fit",
        )


def _require_memory(plan: Plan, path: Path) -> None:
    """Raise if what a layer computes of one image does not fit into memory."""
    largest = max(4 * prod(shape) for shape in plan.shapes.values())
    free = free_memory()
    if free is not None and largest > free:
        raise RunError(
            f"{path}: one image takes {largest:,} bytes in a layer, and {free:,} are free",
            "choose a run with a smaller model",
        )
