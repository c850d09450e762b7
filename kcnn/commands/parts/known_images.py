"""What a recipe alone says of its images, and its network worked out for them."""

from __future__ import annotations

from kcnn.data.catalog import NAMED_SETS
from kcnn.errors import DataError, RecipeError
from kcnn.model.graph import unfold
from kcnn.model.plan import Plan, plan_network
from kcnn.recipe import Recipe
from kcnn.recipe.schema import DataSettings


def plan_for_known_images(recipe: Recipe) -> Plan | None:
    """Works the network out as far as the recipe alone says what the images are.

    Returns:
        The network; None when only the data know the size of the images.

    Raises:
        RecipeError: The layers make no graph, or the network does not fit; or more images are asked
            for than the named set has.
    """
    _require_known_count(recipe)
    if known_image_shape(recipe.data) is None:
        unfold(recipe)  # names are right or wrong for images of any shape
        return None
    return require_plan(recipe)


def _require_known_count(recipe: Recipe) -> None:
    """Makes sure that a named set has images enough for validation and a batch."""
    data, named = recipe.data, NAMED_SETS.get(recipe.data.dataset)
    if named is None:
        return
    count, classes = named.train_count, len(named.class_names)
    apart = data.validation if isinstance(data.validation, int) else round(count * data.validation)
    if count - apart < classes:
        message = f"{apart} of {count:,} images leaves some class of {named.name} without any"
        problem = recipe.origin.problem(("data", "validation"), message)
        raise RecipeError([problem], f"write a validation of at most {count - classes}")
    require_batch(recipe, count - apart)


def require_batch(recipe: Recipe, images: int) -> None:
    """Makes sure that the images that train are enough for a batch.

    Raises:
        RecipeError: There are fewer.
    """
    if (size := recipe.train.batch_size) > images:
        message = f"{size} is more than the {images} training images"
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
    named = NAMED_SETS.get(data.dataset)
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
    """Gives the number of classes of a named set; None when only the data know it."""
    named = NAMED_SETS.get(data.dataset)
    return len(named.class_names) if named else None
