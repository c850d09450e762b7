"""A finished run with its predictions, and whether two runs were scored on the same images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kcnn.errors import KcnnError, RunError
from kcnn.files.read import DAMAGED_HINT
from kcnn.recipe import Recipe
from kcnn.recipe.data_settings import DataSettings
from kcnn.recipe.of_run import read_resolved
from kcnn.runs.dataset import digests_differ
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import LabelPredictions, read_predictions_of
from kcnn.runs.scores import Predictions
from kcnn.runs.summary import how_to_finish, read_status, read_summary


@dataclass(frozen=True)
class ScoredRun:
    """A finished run and its predictions for the test images."""

    run: RunFolder
    recipe: Recipe
    predictions: Predictions | LabelPredictions

    @cached_property
    def right(self) -> np.ndarray:
        """Whether each test image was classified correctly, with all of its labels: bool."""
        return self.predictions.is_right

    @property
    def has_several_labels(self) -> bool:
        """Whether images may have several labels."""
        return isinstance(self.predictions, LabelPredictions)

    @cached_property
    def test_images_digest(self) -> str | None:
        """Hash of the test images; None in runs of a kcnn that wrote none."""
        return read_summary(self.run).text("test_images_digest")


def read_scored_run(run: RunFolder) -> ScoredRun:
    """Read a finished run and its predictions.

    Raises:
        RunError: The run is not finished, or its files are damaged.
        RecipeError: Its resolved.yaml is damaged, or of another version.
    """
    status = read_status(run)
    if status != "finished":
        raise RunError(
            f"{run.path}: {status}; only finished runs can be compared",
            f"{how_to_finish(run)}; kcnn plot shows what it has",
        )
    scored = ScoredRun(run, read_resolved(run), read_predictions_of(run))
    images, rows = read_summary(run).count("test.images"), len(scored.right)
    if images is not None and rows != images:
        raise RunError(
            f"{run.predictions}: {rows:,} rows, but the run was scored on {images:,} images",
            DAMAGED_HINT,
        )
    return scored


def require_same_test_set(first: ScoredRun, other: ScoredRun) -> None:
    """Check that two runs were scored on the same images.

    Raises:
        KcnnError: They were not, so their accuracies cannot be compared.
    """
    digests = [run.test_images_digest or "" for run in (first, other)]
    have_same_labels = np.array_equal(first.predictions.label, other.predictions.label)
    if digests[0] and digests[0] == digests[1] and have_same_labels:
        return  # in whatever folders
    names = [_dataset_name(run.recipe) for run in (first, other)]
    counts = [len(run.predictions.label) for run in (first, other)]
    if names[0] != names[1]:
        reason = f"{names[0]} and {names[1]}"
    elif counts[0] != counts[1]:
        reason = f"{counts[0]:,} and {counts[1]:,} images of {names[0]}"
    elif not have_same_labels:
        reason = f"{names[0]} with other labels, or in another order"
    elif (
        all(digests)
        and digests_differ(*digests)
        and _are_read_alike(first.recipe.data, other.recipe.data)
    ):
        reason = f"{names[0]} with other images"
    else:
        return
    raise KcnnError(
        f"{first.run.path} and {other.run.path}: scored on different test sets: {reason}",
        "accuracies on different images cannot be compared; name runs on the same data",
    )


def _are_read_alike(first: DataSettings, other: DataSettings) -> bool:
    """Return whether both runs read their own images at the same size and channels."""
    both = [(data.image_size, data.channels) for data in (first, other)]
    return first.path is not None and both[0] == both[1]


def _dataset_name(recipe: Recipe) -> str:
    path = recipe.data.path
    return recipe.data.dataset if path is None else f"{recipe.data.dataset} {path.resolve()}"
