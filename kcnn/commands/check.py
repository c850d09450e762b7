"""kcnn check: is this recipe right, and what network does it describe?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.data.catalog import NAMED_SETS
from kcnn.errors import DataError
from kcnn.model.graph import unfold
from kcnn.model.plan import Plan, plan_network
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.schema import DataSettings


@dataclass(frozen=True)
class Check:
    """A recipe that is right.

    Args:
        recipe: Its settings.
        plan: Its network; None when the images' shape is known only from the data.
        built: Whether Keras built it too.
    """

    recipe: Recipe
    plan: Plan | None
    built: bool


def check(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    build: bool = False,
    progress: Progress | None = None,
) -> Check:
    """Checks a recipe without training and, unless asked to build, without TensorFlow.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        overrides: Settings from the command line.
        build: Whether to build the model with Keras as well.
        progress: Shows what takes long.

    Raises:
        RecipeError: The recipe has mistakes, or its network does not fit its images.
        DataError: To build, the images' shape must be known, and it is not.
    """
    settings = read_recipe(recipe, overrides)
    plan = plan_for_known_images(settings)
    if build:
        _build(settings, plan, progress or Progress())
    return Check(settings, plan, build)


def plan_for_known_images(recipe: Recipe) -> Plan | None:
    """Works the network out as far as the recipe alone says what the images are.

    Raises:
        RecipeError: The layers make no graph, or the network does not fit.
    """
    shape = known_image_shape(recipe.data)
    if shape is None:
        unfold(recipe)  # names are right or wrong for images of any shape
        return None
    return plan_network(recipe, shape, known_classes(recipe.data))


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


def _build(recipe: Recipe, plan: Plan | None, progress: Progress) -> None:
    if plan is None:
        raise DataError(
            f"{recipe.origin.file}: the size of the images is known only from {recipe.data.path}",
            "add data.image_size and data.channels to build without reading the images",
        )
    from kcnn.backend import start_tensorflow

    start_tensorflow(progress)
    from kcnn.model.build import build_model

    build_model(plan)
