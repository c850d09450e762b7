"""kcnn check: is this recipe right, and which model does it describe?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.model.checked_recipe import check_recipe
from kcnn.model.plan import Plan
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe


@dataclass(frozen=True)
class Check:
    """A recipe without mistakes.

    Args:
        recipe: Its settings.
        plan: The layers of its model.
        built: Whether Keras built it too.
    """

    recipe: Recipe
    plan: Plan
    built: bool

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        plan = self.plan
        return {
            "recipe": str(self.recipe.origin.file),
            "name": self.recipe.name,
            "built": self.built,
            "image_shape": list(plan.image_shape),
            "classes": plan.classes,
            "layers": len(plan.nodes),
            "parameters": plan.cost.parameters,
            "multiply_adds": plan.cost.multiply_adds,
        }


def check(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    build: bool = False,
    progress: Progress | None = None,
) -> Check:
    """Check a recipe without training and, unless it is to be built, without TensorFlow.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings from the command line, each `setting=value`.
        build: Whether to build the model with Keras as well.
        progress: Shows what takes long.

    Raises:
        RecipeError: The recipe has mistakes, its images are not there, or its model does not fit
            them.
    """
    settings = read_recipe(recipe, overrides)
    plan = check_recipe(settings).plan
    if build:
        _build(plan, progress or Progress())
    return Check(settings, plan, build)


def _build(plan: Plan, progress: Progress) -> None:
    from kcnn.machine.start import start_tensorflow

    start_tensorflow(progress)
    from kcnn.model.build import build_model

    build_model(plan)
