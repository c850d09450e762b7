"""kcnn explain: the arithmetic of a recipe's model, without training it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kcnn.model.checked_recipe import (
    describe_what_is_there,
    require_class_count,
    require_image_shape,
)
from kcnn.model.explain.explain import Explanation as Explanation
from kcnn.model.explain.explain import explain_model
from kcnn.model.explain.slow_averages import has_moving_averages
from kcnn.progress import Progress
from kcnn.starter.recipe_or_images import read_recipe_or_images


def explain(
    recipe: str | Path, overrides: Sequence[str] = (), progress: Progress | None = None
) -> Explanation:
    """Explain a recipe's model layer by layer, without TensorFlow.

    Args:
        recipe: A file, the name of a recipe that comes with kcnn, or images, for which a recipe is
            made.
        overrides: Settings from the command line, each `setting=value`.
        progress: Receives a note on a recipe that is made.

    Returns:
        As much of the model as fits; its `problem` names why the rest does not.

    Raises:
        RecipeError: The recipe has mistakes, or its layers make no graph.
        DataError: The size of the images or the number of classes is not known without them.
    """
    settings, starter = read_recipe_or_images(recipe, overrides)
    if starter is not None:
        (progress or Progress()).note(starter.note)
    # A folder is listed only if the number of its images matters; a million take seconds.
    images = describe_what_is_there(settings, count=has_moving_averages(settings))
    shape = require_image_shape(settings, images)
    counted = require_class_count(settings, images)
    return explain_model(counted, shape, images.classes, images.train_count, images.several_labels)
