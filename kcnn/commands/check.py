"""kcnn check: is this recipe right, and which model does it describe?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.model.checked_recipe import check_recipe
from kcnn.model.explain.remarks import Remark, grouped_remarks
from kcnn.model.explain.slow_averages import slow_averages
from kcnn.model.plan import Plan
from kcnn.progress import Progress
from kcnn.recipe import Recipe
from kcnn.starter.another_dataset import proposing_overrides
from kcnn.starter.recipe_or_images import read_recipe_or_images


@dataclass(frozen=True)
class Check:
    """A recipe without mistakes.

    Args:
        recipe: Its settings.
        plan: The layers of its model.
        built: Whether Keras built it too.
        warnings: What makes its predictions wrong though it is no mistake.
    """

    recipe: Recipe
    plan: Plan
    built: bool
    warnings: tuple[Remark, ...] = ()

    @property
    def grouped_warnings(self) -> list[tuple[str, str]]:
        """Its warnings, each sentence once, after the names of all layers that it applies to."""
        return grouped_remarks(self.warnings)

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
            "warnings": [vars(warning) for warning in self.warnings],
        }


def check(
    recipe: str | Path,
    overrides: Sequence[str] = (),
    build: bool = False,
    progress: Progress | None = None,
) -> Check:
    """Check a recipe without training and, unless it is to be built, without TensorFlow.

    Args:
        recipe: A file, the name of a recipe that comes with kcnn, or images, for which a recipe is
            made.
        overrides: Settings from the command line, each `setting=value`.
        build: Whether to build the model with Keras as well.
        progress: Shows what takes long.

    Raises:
        RecipeError: The recipe has mistakes, its images are not there, or its model does not fit
            them.
    """
    progress = progress or Progress()
    with proposing_overrides("kcnn check", recipe, overrides):
        settings, starter = read_recipe_or_images(recipe, overrides)
        if starter is not None:
            progress.note(starter.note)
        checked = check_recipe(settings)
    for note in checked.images.listing.notes if checked.images.listing else ():
        progress.note(note)
    plan = checked.plan
    if build:
        _build(plan, progress)
    warnings = slow_averages(plan, checked.images.train_count)
    return Check(settings, plan, build, tuple(warnings))


def _build(plan: Plan, progress: Progress) -> None:
    from kcnn.machine.start import start_tensorflow

    start_tensorflow(progress)
    from kcnn.model.build import build_model

    build_model(plan)
