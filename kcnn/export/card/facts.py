"""What a model card is written from: the files of the run, and the facts of the artefact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kcnn.errors import RunError
from kcnn.recipe.of_run import read_resolved
from kcnn.recipe.schema import Recipe
from kcnn.runs.environment import read_environment
from kcnn.runs.exports import MEASURED
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import read_per_class
from kcnn.runs.scores import ClassScore
from kcnn.runs.summary import Summary, read_summary


@dataclass(frozen=True)
class Facts:
    """What a model card is written from.

    Args:
        recipe: The run's settings.
        recipe_text: Its resolved.yaml.
        summary: Its summary.json; without values if it was stopped before its first epoch.
        per_class: The score of each class, for the weights that were exported; empty if not known.
        environment: The values of its environment.json; empty if there is none.
        about: The artefact's kcnn.json.
        class_names: The names of the classes.
    """

    recipe: Recipe
    recipe_text: str
    summary: Summary
    per_class: Sequence[ClassScore]
    environment: Mapping[str, Any]
    about: Mapping[str, Any]
    class_names: Sequence[str]

    @property
    def measured(self) -> Mapping[str, Any]:
        """The values of the columns of `kcnn.runs.exports`."""
        measured: Mapping[str, Any] = self.about[MEASURED]
        return measured

    @property
    def several_labels(self) -> bool:
        """Whether an image may have several labels, or none."""
        return bool(self.about["several_labels"])

    @property
    def test_images(self) -> int:
        """The number of images that the run was tested on; 0 if it is not known."""
        return self.summary.count("images.test") or 0

    @property
    def test_scores(self) -> dict[str, float]:
        """The scores of the exported weights on the test images, by name: accuracy, loss …"""
        section, prefix = ("test", "") if self.are_last else ("best", "test_")
        scores = {}
        for name in self.summary.names(section):
            if name.startswith(prefix) and name not in ("weights", "images", "epoch"):
                value = self.summary.metric(f"{section}.{name}")
                if value is not None:
                    scores[name.removeprefix(prefix)] = value
        return scores

    @property
    def are_last(self) -> bool:
        """Whether the weights are those after the last epoch, not those of the best one."""
        return bool(self.about["weights"] == "last")


def read_facts(run: RunFolder, about: Mapping[str, Any], class_names: Sequence[str]) -> Facts:
    """Read the files of a run.

    Args:
        run: The run.
        about: As of `Facts`.
        class_names: As of `Facts`.

    Raises:
        RecipeError: resolved.yaml is missing or damaged.
    """
    recipe = read_resolved(run)
    summary, environment, per_class = Summary(run.summary, {}), {}, []
    # A file that is missing or damaged must not stop an export: the card then lacks its facts.
    with suppress(RunError):
        summary = read_summary(run)
    with suppress(RunError):
        environment = dict(read_environment(run).values)
    if about["weights"] == "last":  # per_class.csv is of no others
        with suppress(RunError):
            per_class = read_per_class(run)
    return Facts(
        recipe=recipe,
        recipe_text=run.resolved.read_text(encoding="utf-8"),
        summary=summary,
        per_class=per_class,
        environment=environment,
        about=about,
        class_names=class_names,
    )
