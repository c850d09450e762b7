"""kcnn check: is this recipe right, and what network does it describe?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.model.known_images import plan_for_known_images, require_plan
from kcnn.model.plan import Plan
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe


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

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        plan = self.plan
        return {
            "recipe": str(self.recipe.origin.file),
            "name": self.recipe.name,
            "built": self.built,
            "image_shape": list(plan.image_shape) if plan else None,
            "classes": plan.classes if plan else None,
            "layers": len(plan.nodes) if plan else None,
            "parameters": plan.cost.parameters if plan else None,
            "multiply_adds": plan.cost.multiply_adds if plan else None,
        }


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
        RecipeError: The recipe has mistakes, its images are not there, or its network does not fit
            them.
        DataError: To build, the images' shape must be known, and it is not.
    """
    settings = read_recipe(recipe, overrides)
    plan = plan_for_known_images(settings)
    if build:
        _build(plan or require_plan(settings), progress or Progress())
    return Check(settings, plan, build)


def _build(plan: Plan, progress: Progress) -> None:
    from kcnn.machine.start import start_tensorflow

    start_tensorflow(progress)
    from kcnn.model.build import build_model

    build_model(plan)
