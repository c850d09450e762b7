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
from kcnn.recipe import read_recipe


def explain(recipe: str | Path, overrides: Sequence[str] = ()) -> Explanation:
    """Explain a recipe's model layer by layer, without TensorFlow.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings from the command line, each `setting=value`.

    Returns:
        As much of the model as fits; its `problem` names why the rest does not.

    Raises:
        RecipeError: The recipe has mistakes, or its layers make no graph.
        DataError: The size of the images or the number of classes is not known without them.
    """
    settings = read_recipe(recipe, overrides)
    # A folder is listed only if the number of its images matters; a million take seconds.
    images = describe_what_is_there(settings, count=has_moving_averages(settings))
    shape = require_image_shape(settings, images)
    counted = require_class_count(settings, images)
    return explain_model(counted, shape, images.classes, images.train_count)
