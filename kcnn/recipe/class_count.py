"""The word `classes` in a recipe's layers, and the number that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kcnn.recipe.fields import CLASSES
from kcnn.recipe.schema import Recipe

_COUNTS = ("units", "filters")  # settings that take the word


def needs_class_count(recipe: Recipe) -> bool:
    """Return whether a layer has the word `classes` for its number of outputs."""
    layers = recipe.origin.settings["model"]["layers"]
    return bool(_counted(layers, 0) != layers)


def count_classes(recipe: Recipe, classes: int) -> Recipe:
    """Write the number of classes into every layer that has the word `classes`.

    The settings in force then have the number, so that resolved.yaml describes one model whatever
    becomes of the images.

    Args:
        recipe: A recipe as it was read.
        classes: The number of classes.

    Returns:
        The recipe with the number; the same recipe if it does not have the word.
    """
    if not needs_class_count(recipe):
        return recipe
    model = recipe.origin.settings["model"]
    counted_model = {**model, "layers": _counted(model["layers"], classes)}
    settings = {**recipe.origin.settings, "model": counted_model}
    counted = Recipe.model_validate(settings)
    counted._origin = replace(recipe.origin, settings=settings)
    return counted


def _counted(value: Any, classes: int) -> Any:
    if isinstance(value, Mapping):
        return {
            name: classes if name in _COUNTS and inner == CLASSES else _counted(inner, classes)
            for name, inner in value.items()
        }
    return [_counted(inner, classes) for inner in value] if isinstance(value, list) else value
