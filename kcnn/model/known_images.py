"""What a recipe alone says of its images, and its network worked out for them."""

from __future__ import annotations

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.counts import CountError, resolve_count
from kcnn.data.own_images import count_classes
from kcnn.errors import DataError, RecipeError
from kcnn.model.graph import unfold
from kcnn.model.plan import Plan, plan_network
from kcnn.recipe import Recipe
from kcnn.recipe.schema import DataSettings, TrainSettings


def plan_for_known_images(recipe: Recipe) -> Plan | None:
    """Works the network out as far as the recipe and its folders alone say what the images are.

    Returns:
        The network; None when only the data know the size of the images.

    Raises:
        RecipeError: The layers make no graph, or the network does not fit; more images are asked
            for than the named set has; or images of one's own are not there. All is told together.
    """
    misplaced = _misplaced_images(recipe)
    try:
        plan = _plan(recipe)
    except RecipeError as error:
        if misplaced is None:
            raise
        problems = [*misplaced.problems, *error.problems]
        raise RecipeError(problems, misplaced.hint or error.hint) from None
    if misplaced is not None:
        raise misplaced
    return plan


def _misplaced_images(recipe: Recipe) -> RecipeError | None:
    """Says what is wrong with where images of one's own lie."""
    if recipe.data.path is None:
        return None
    try:
        count_classes(recipe.data)
    except DataError as error:
        message = error.message.replace("\n", "\\n")  # a path may have one; a mistake is one line
        return RecipeError([recipe.origin.problem(("data", "path"), message)], error.hint)
    return None


def _plan(recipe: Recipe) -> Plan | None:
    _require_known_count(recipe)
    if known_image_shape(recipe.data) is None:
        unfold(recipe)  # names are right or wrong for images of any shape
        return None
    return require_plan(recipe)


def _require_known_count(recipe: Recipe) -> None:
    """Makes sure that a named set has images enough for validation and a batch."""
    data, named = recipe.data, NAMED_DATASETS.get(recipe.data.dataset)
    if named is None:
        return
    count, classes, apart = named.train_count, len(named.class_names), 0
    if data.validation:
        try:
            apart = resolve_count(data.validation, count, classes, "data.validation")
        except CountError as error:
            problem = recipe.origin.problem(error.loc, error.reason)
            raise RecipeError([problem], error.hint) from None
    require_batch(recipe, count - apart)


def require_batch(recipe: Recipe, images: int) -> None:
    """Makes sure that the images that train are enough for a batch.

    The default size may be nobody's choice, even where it is written: resolved.yaml has it, too.
    With it, fewer images are one smaller batch, unless smaller ones are dropped.

    Args:
        recipe: The settings in force.
        images: How many train.

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


def require_plan(recipe: Recipe) -> Plan:
    """Works the network out for images that the recipe alone must describe.

    Raises:
        RecipeError: The layers make no graph, or the network does not fit.
        DataError: Only the data know the size of the images.
    """
    return plan_network(recipe, require_image_shape(recipe), known_classes(recipe.data))


def require_image_shape(recipe: Recipe) -> tuple[int, int, int]:
    """Gives height, width and channels of a recipe's images.

    Raises:
        DataError: Only the data know them.
    """
    shape = known_image_shape(recipe.data)
    if shape is None:
        file = recipe.origin.file
        raise DataError(
            f"{file}: the size of the images is known only from {recipe.data.path}",
            "say it after the recipe: 'data.image_size=[32,32]' data.channels=3",
        )
    return shape


def known_image_shape(data: DataSettings) -> tuple[int, int, int] | None:
    """Gives height, width and channels when the settings tell them; None for an npz by itself."""
    named = NAMED_DATASETS.get(data.dataset)
    height, width, channels = named.image_shape if named else (None, None, None)
    if data.image_size is not None:
        height, width = data.image_size
    if data.channels is not None:
        channels = data.channels
    elif data.dataset == "folder":
        channels = 3
    if height is None or width is None or channels is None:
        return None
    return height, width, channels


def known_classes(data: DataSettings) -> int | None:
    """Gives the number of classes of a named set or a folder; None when only the data know it."""
    if named := NAMED_DATASETS.get(data.dataset):
        return len(named.class_names)
    try:
        return count_classes(data)
    except DataError:  # what is not there has no classes yet
        return None
