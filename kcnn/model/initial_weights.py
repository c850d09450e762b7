"""Start a model with the weights of another one, where names and shapes of layers agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from kcnn.errors import KcnnError, RunError
from kcnn.files.read import sha256_of_file
from kcnn.model.application import use_statistics
from kcnn.model.checked_recipe import initial_weights_error
from kcnn.model.named_weights import LayerName, named_weights, read_finite
from kcnn.recipe import Recipe
from kcnn.runs.find import find_weights
from kcnn.text.listed import listed
from kcnn.text.numbers import count_text
from kcnn.text.printable import printable

LISTED = 10  # names in a message


@dataclass(frozen=True)
class InitialWeights:
    """What a model took from a file of weights.

    Args:
        file: The file.
        sha256: Its hash.
        taken: Layers whose weights were taken.
        not_taken: The other layers that have weights, with the reason.
    """

    file: Path
    sha256: str
    taken: tuple[str, ...]
    not_taken: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Return what environment.json keeps."""
        return {**vars(self), "file": str(self.file.absolute()), "taken": list(self.taken)}

    @property
    def in_words(self) -> str:
        """What was taken and what was not, in one line."""
        count = len(self.taken)
        text = f"initial weights of {count_text(count, 'layer')} from {printable(str(self.file))}"
        if not self.not_taken:
            return f"{text}: all that have weights"
        not_taken = [f"{name} ({why})" for name, why in self.not_taken.items()]
        return f"{text}; not taken: {listed(not_taken, LISTED)}"


def take_initial_weights(recipe: Recipe, model: keras.Model) -> InitialWeights | None:
    """Load the weights that a recipe's `train.initial_weights` names into its model.

    A layer's weights are taken if a layer of the same name in the file has weights of the same
    shapes. The file creates no layer, function or object.

    Args:
        recipe: The settings in force.
        model: The model; the other layers keep the weights that they have.

    Returns:
        What was taken; None if the recipe names no initial weights.

    Raises:
        RecipeError: The file is missing, damaged or larger than memory, or nothing was taken.
    """
    if recipe.train.initial_weights is None:
        return None
    try:
        file = find_weights(recipe.train.initial_weights)
        sha256 = sha256_of_file(file)
    except RunError as error:
        raise initial_weights_error(recipe, error.message, error.hint) from None
    except OSError as error:
        message = f"{file}: cannot be read: {error.strerror}"
        raise initial_weights_error(recipe, message, None) from None
    try:
        taken, not_taken, in_file = _take(file, model)
    except KcnnError:
        raise
    except Exception as error:  # a damaged file raises nearly anything
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")
        message = f"{file}: not a file of weights, or damaged ({reason[:200]})"
        raise initial_weights_error(recipe, message, "restore the file, or name another") from None
    if not taken:
        message = f"{file}: no layer of this model has a name and shapes that are in it"
        hint = (
            "name a run whose layers are called and shaped alike; "
            f"its layers: {_listed(in_file)}; of this model: {_listed(list(not_taken))}"
        )
        raise initial_weights_error(recipe, message, hint)
    return InitialWeights(file, sha256, tuple(taken), not_taken)


def _take(file: Path, model: keras.Model) -> tuple[list[str], dict[str, str], list[str]]:
    """Return the names of layers taken, those not taken with the reason, and all of the file."""
    taken: list[str] = []
    not_taken: dict[str, str] = {}
    with named_weights(file) as stored:
        values = {}
        for name, layer in _layers_with_weights(model, ()):
            title, arrays = "/".join(name), stored.get(name)
            shapes = [tuple(weight.shape) for weight in layer.weights]
            if arrays is None:
                not_taken[title] = "not in the file"
            elif [array.shape for array in arrays] != shapes:
                not_taken[title] = "other shapes"
            else:
                taken.append(title)
                values[title] = layer, [read_finite(array) for array in arrays]
        # Only when the whole file has been read is anything changed.
        with model.distribute_strategy.scope():
            for layer, weights in values.values():
                layer.set_weights(weights)
            use_statistics(model)
        return taken, not_taken, ["/".join(name) for name in stored]


def _layers_with_weights(
    model: keras.Model, outer: LayerName
) -> Iterator[tuple[LayerName, keras.Layer]]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers_with_weights(layer, (*outer, layer.name))
        elif layer.weights:
            yield (*outer, layer.name), layer


def _listed(names: list[str]) -> str:
    return listed([printable(name)[:60] for name in names], LISTED) or "none"
