"""A recipe checked as far as possible before any image is read: its images, and its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.class_weights import UnknownClassError, require_class_names
from kcnn.data.counts import CountError, resolve_count
from kcnn.data.description import ImageDescription, describe_images, describe_settings
from kcnn.errors import DataError, RecipeError, RunError
from kcnn.model.graph import unfold
from kcnn.model.plan import Plan, plan_model
from kcnn.model.pretrained import require_pretrained
from kcnn.recipe import Recipe
from kcnn.recipe.class_count import count_classes, needs_class_count
from kcnn.recipe.data_settings import DataSettings
from kcnn.recipe.mistakes.report import describe
from kcnn.recipe.rules import monitors_of_validation
from kcnn.recipe.train_settings import TrainSettings
from kcnn.runs.find import find_weights
from kcnn.text.printable import printable

if TYPE_CHECKING:
    from kcnn.data.dataset import Dataset

Result = TypeVar("Result")


@dataclass(frozen=True)
class CheckedRecipe:
    """A recipe without mistakes, as far as that is known before its images are read.

    Args:
        recipe: The settings in force.
        images: What is known of the images.
        plan: The layers, worked out for them.
    """

    recipe: Recipe
    images: ImageDescription
    plan: Plan

    def confirm(self, dataset: Dataset) -> Plan:
        """Compare the images that were read with their description.

        Returns:
            The plan, with the number of classes if it was known only from the labels.

        Raises:
            DataError: The images changed since they were described.
            RecipeError: The output does not fit the number of classes in the labels.
        """
        self.images.confirm(dataset)
        if self.plan.classes is not None:
            return self.plan
        classes = len(dataset.class_names)
        return plan_model(
            count_classes(self.recipe, classes),
            self.plan.image_shape,
            classes,
            several_labels=self.plan.several_labels,
        )


def check_recipe(
    recipe: Recipe, similar: CheckedRecipe | None = None, has_begun: bool = False
) -> CheckedRecipe:
    """Check a recipe against what is known of its images before any is read.

    Args:
        recipe: The settings in force.
        similar: A recipe that was checked a moment ago. If it is of the same images, they are not
            looked up again.
        has_begun: Whether a checkpoint has its weights, so that its initial ones are not needed.

    Raises:
        RecipeError: The images are not there or too few, the layers make no graph, the model does
            not fit the images, or the initial weights are not there. All mistakes are reported
            together.
    """
    errors: list[RecipeError] = []
    images = _collect(errors, lambda: _describe(recipe, similar)) or describe_settings(recipe.data)
    recipe = _with_class_count(recipe, images)
    _collect(errors, lambda: _require_count(recipe, images))
    _collect(errors, lambda: _require_validation(recipe, images))
    _collect(errors, lambda: _require_weighted_classes(recipe, images))
    plan = _collect(errors, lambda: _plan(recipe, images))
    if not has_begun:
        _collect(errors, lambda: _require_initial_weights(recipe))
        _collect(errors, lambda: _require_pretrained(plan))
    if errors:
        problems = [problem for error in errors for problem in error.problems]
        raise RecipeError(problems, next((error.hint for error in errors if error.hint), None))
    assert plan is not None  # images of unknown shape are a mistake, which was collected
    return CheckedRecipe(recipe, images, plan)


def plan_without_images(recipe: Recipe) -> Plan:
    """Plan a recipe's model, whether or not its images are on this machine.

    Raises:
        RecipeError: The layers make no graph, or the model does not fit.
        DataError: Their shape or the number of classes is known only from the images.
    """
    images = describe_what_is_there(recipe)
    shape = require_image_shape(recipe, images)
    counted = require_class_count(recipe, images)
    return plan_model(counted, shape, images.classes, several_labels=images.several_labels)


def count_what_is_there(recipe: Recipe) -> Recipe:
    """Return a recipe with the number of classes, if its images are here to count them."""
    if not needs_class_count(recipe):
        return recipe
    return _with_class_count(recipe, describe_what_is_there(recipe))


def describe_what_is_there(recipe: Recipe, count: bool = False) -> ImageDescription:
    """Describe a recipe's images, by its settings alone where they are not here.

    Args:
        recipe: The recipe.
        count: Whether to list the files of a folder.
    """
    try:
        return describe_images(recipe.data, count=count)
    except DataError:
        return describe_settings(recipe.data)


def require_image_shape(recipe: Recipe, images: ImageDescription) -> tuple[int, int, int]:
    """Return the height, width and channels of a recipe's images.

    Raises:
        DataError: They are known only from the images.
    """
    if images.image_shape is None:
        raise DataError(
            f"{recipe.origin.file}: the size of the images is known only from {recipe.data.path}",
            "write it after the recipe: 'data.image_size=[32,32]' data.channels=3",
        )
    return images.image_shape


def require_class_count(recipe: Recipe, images: ImageDescription) -> Recipe:
    """Return a recipe with the number of classes where it has the word `classes`.

    Raises:
        DataError: The number is known only from the images.
    """
    if images.classes is None and needs_class_count(recipe):
        raise DataError(
            f"{recipe.origin.file}: the number of classes is known only from {recipe.data.path}",
            "write it instead of classes, as in units: 10",
        )
    return _with_class_count(recipe, images)


def _with_class_count(recipe: Recipe, images: ImageDescription) -> Recipe:
    return recipe if images.classes is None else count_classes(recipe, images.classes)


def require_batch(recipe: Recipe, images: int) -> None:
    """Raise unless the training images are enough for a batch.

    The default size may be nobody's choice, even where it is written: resolved.yaml has it, too.
    With it, fewer images are one smaller batch, unless smaller ones are dropped.

    Args:
        recipe: The settings in force.
        images: Number of training images.

    Raises:
        RecipeError: There are fewer.
    """
    train = recipe.train
    is_default = train.batch_size == TrainSettings.model_fields["batch_size"].default
    if train.batch_size <= images or (is_default and not train.drop_remainder):
        return
    message = f"{train.batch_size} is more than the {images} training images"
    if is_default:
        message = (
            f"the default of {message}, and drop_remainder leaves out what does not fill a batch"
        )
    problem = recipe.origin.problem(("train", "batch_size"), message)
    raise RecipeError([problem], f"write a batch_size of at most {images}")


def _collect(errors: list[RecipeError], check: Callable[[], Result]) -> Result | None:
    """Return what a check returns, or collect its mistakes and return None."""
    try:
        return check()
    except RecipeError as error:
        errors.append(error)
        return None


def _describe(recipe: Recipe, similar: CheckedRecipe | None) -> ImageDescription:
    if similar is not None and _of_images(similar.recipe.data) == _of_images(recipe.data):
        return similar.images
    try:
        return describe_images(recipe.data)
    except CountError as error:
        raise _mistake(recipe, error) from None
    except DataError as error:
        message = error.message.replace("\n", "\\n")  # a path may have one; a mistake is one line
        problem = recipe.origin.problem(("data", "path"), message)
        raise RecipeError([problem], error.hint) from None


def _of_images(data: DataSettings) -> tuple[object, ...]:
    """Return the settings that a description depends on."""
    return data.dataset, data.path, data.image_size, data.channels, data.test, data.fold


def _require_count(recipe: Recipe, images: ImageDescription) -> None:
    """Raise unless there are images enough for validation and a batch."""
    count, validation = images.train_count, recipe.data.validation
    if count is None:
        return
    if validation and images.validation_count is not None:
        message = f"{images.path} has {images.validation_count:,} validation images of its own"
        raise RecipeError(
            [recipe.origin.problem(("data", "validation"), message)],
            "leave data.validation out, which uses them; or leave them out of the dataset",
        )
    if validation:
        try:
            count -= _count_validation(recipe, images, count)
        except CountError as error:
            raise _mistake(recipe, error) from None
    require_batch(recipe, count)


def _count_validation(recipe: Recipe, images: ImageDescription, count: int) -> int:
    """Return how many of so many training images the recipe takes for validation."""
    validation, classes, listing = recipe.data.validation, images.classes or 1, images.listing
    if listing is None or listing.train.is_plain:
        return resolve_count(validation, count, classes, "data.validation")
    from kcnn.data.file_split import count_validation_files  # imports NumPy

    return count_validation_files(listing.train, classes, validation, recipe.train.seed)


def _require_validation(recipe: Recipe, images: ImageDescription) -> None:
    """Raise if a metric of validation images is monitored, and the dataset has none of its own."""
    if recipe.data.validation or images.validation_count or images.train_count is None:
        return
    problems = [
        recipe.origin.problem(mistake.loc, describe(mistake))
        for mistake in monitors_of_validation(recipe)
    ]
    if problems:
        raise RecipeError(problems)


def _require_initial_weights(recipe: Recipe) -> None:
    """Raise unless the initial weights are there."""
    if recipe.train.initial_weights is None:
        return
    try:
        find_weights(recipe.train.initial_weights)
    except RunError as error:
        raise initial_weights_error(recipe, error.message, error.hint) from None


def _require_pretrained(plan: Plan | None) -> None:
    """Raise unless the files of pretrained weights that the recipe names are there."""
    if plan is not None:
        require_pretrained(plan)


def initial_weights_error(recipe: Recipe, message: str, hint: str | None) -> RecipeError:
    """Return the error about a recipe's `train.initial_weights`.

    Args:
        recipe: The settings in force.
        message: What is wrong.
        hint: How to fix it.
    """
    loc = ("train", "initial_weights")
    return RecipeError([recipe.origin.problem(loc, printable(message))], hint)


def _require_weighted_classes(recipe: Recipe, images: ImageDescription) -> None:
    """Raise for weights of classes that do not exist, or where images have several classes."""
    if recipe.train.class_weight is not None and images.several_labels:
        loc = ("train", "class_weight")
        message = f"is for images of one class each, but {images.several_labels}"
        raise RecipeError(
            [recipe.origin.problem(loc, message)],
            "leave it out; train.sampling: balanced shows images with rare labels more often",
        )
    named = NAMED_DATASETS.get(recipe.data.dataset)
    known = named or images.listing
    if known is not None and isinstance(recipe.train.class_weight, dict):
        with class_weight_mistakes(recipe):
            require_class_names(recipe.train.class_weight, known.class_names)


@contextmanager
def class_weight_mistakes(recipe: Recipe) -> Iterator[None]:
    """Report an unknown class in `train.class_weight` with its line in the recipe."""
    try:
        yield
    except UnknownClassError as error:
        loc = ("train", "class_weight", error.name)
        raise RecipeError([recipe.origin.problem(loc, error.reason)], error.hint) from None


def _mistake(recipe: Recipe, error: CountError) -> RecipeError:
    return RecipeError([recipe.origin.problem(error.loc, error.reason)], error.hint)


def _plan(recipe: Recipe, images: ImageDescription) -> Plan | None:
    if images.image_shape is None:
        unfold(recipe)  # names are right or wrong for images of any shape
        return None
    class_names = images.listing.class_names if images.listing else ()
    return plan_model(
        recipe, images.image_shape, images.classes, class_names, images.several_labels
    )
