"""A recipe with another dataset from the command line: all that does not fit, and what would."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from kcnn.data.counts import CountError, resolve_count
from kcnn.data.dataset_kind import dataset_of
from kcnn.data.description import ImageDescription, describe_images, describe_settings
from kcnn.errors import DataError, RecipeError
from kcnn.model.checked_recipe import check_recipe, require_batch
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.class_count import needs_class_count
from kcnn.recipe.layers import Conv2D, Dense, Layer
from kcnn.starter.recipe_or_images import names_images
from kcnn.text.shell import shell_word

VALIDATION = "data.validation=0.1"
_DATA = ("data=", "data.dataset=", "data.path=")


@contextmanager
def proposing_overrides(
    command: str, recipe: str | Path | Recipe, overrides: Sequence[str]
) -> Iterator[None]:
    """Add all further mistakes of another dataset to an error, and the command that has none.

    Args:
        command: What was typed before the recipe, as in `kcnn fit`.
        recipe: A recipe's file or name, or a recipe that was read.
        overrides: Settings from the command line.

    Raises:
        RecipeError: The error that was raised inside. If the overrides name another dataset, it
            has every mistake that this makes, and a hint with the settings that fit, if there are
            such.
    """
    try:
        yield
    except RecipeError as error:
        changes_data = any(override.startswith(_DATA) for override in overrides)
        if isinstance(recipe, Recipe) or names_images(recipe) or not changes_data:
            raise
        raise _explained(error, command, recipe, overrides) from None


def _explained(
    error: RecipeError, command: str, recipe: str | Path, overrides: Sequence[str]
) -> RecipeError:
    first = _fitting_data(recipe, overrides)
    # Without these, the layers could not be checked.
    left = _mistakes(recipe, [*overrides, *first])
    problems = [*error.problems, *(left.problems if left else ())]
    further = first
    with suppress(RecipeError, DataError):
        settings = read_recipe(recipe, [*overrides, *first])
        further = [*first, *_fitting_counts(settings, describe_images(settings.data))]
    hint = error.hint or (left.hint if left else None)
    if further and _mistakes(recipe, [*overrides, *further]) is None:
        line = " ".join(shell_word(word) for word in (str(recipe), *overrides, *further))
        hint = f"{command} {line}"
    return RecipeError(list(dict.fromkeys(problems)), hint)


def _mistakes(recipe: str | Path, overrides: Sequence[str]) -> RecipeError | None:
    try:
        check_recipe(read_recipe(recipe, overrides))
    except RecipeError as error:
        return error
    return None


def _fitting_data(recipe: str | Path, overrides: Sequence[str]) -> list[str]:
    """Return the kind of the dataset, and the size that the model was made for, if they lack."""
    kind, size = [], []
    for override in overrides:
        if override.startswith("data.path="):
            with suppress(DataError, OSError):  # a name that is too long
                kind = [f"data.dataset={dataset_of(Path(override.partition('=')[2]))}"]
    with suppress(RecipeError):
        if shape := describe_settings(read_recipe(recipe).data).image_shape:
            size = [f"data.image_size=[{shape[0]},{shape[1]}]"]
    for fitting in ([], kind, size, [*kind, *size]):
        with suppress(RecipeError):
            read_recipe(recipe, [*overrides, *fitting])
            return fitting
    return []


def _fitting_counts(recipe: Recipe, images: ImageDescription) -> list[str]:
    """Return settings that fit the number of classes and images."""
    fitting = []
    if images.classes is not None and not needs_class_count(recipe):
        fitting += _counting_classes(recipe.model.layers, images.classes)
    count, validation = images.train_count, recipe.data.validation
    if count is None:
        return fitting
    if validation:
        try:
            count -= resolve_count(validation, count, images.classes or 1, "data.validation")
        except CountError:
            fitting.append(VALIDATION)
            count -= round(0.1 * count)
    try:
        require_batch(recipe, max(count, 1))
    except RecipeError:
        fitting.append(f"train.batch_size={2 ** (max(count, 1).bit_length() - 1)}")
    return fitting


def _counting_classes(layers: Sequence[Layer], classes: int) -> list[str]:
    """Return the setting that lets the last layer with weights count the classes."""
    for index, layer in reversed([*enumerate(layers)]):
        loc = f"model.layers[{index}].{type(layer).__name__}"
        if isinstance(layer, Dense):
            return [] if layer.units == classes else [f"{loc}.units=classes"]
        if isinstance(layer, Conv2D):
            return [] if layer.filters == classes else [f"{loc}.filters=classes"]
        if layer.trainable_weights:
            break
    return []
