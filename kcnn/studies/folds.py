"""The trials of a cross-validation: one for each fold of the training images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kcnn.runs.folder import fold_run_name
from kcnn.studies.trials import Trial


def fold_trials(recipe: str | Path, overrides: Sequence[str], folds: int, seed: int) -> list[Trial]:
    """Return one trial a fold: trained without its images, and tested on them.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings that all trials have in common, each `setting=value`.
        folds: How many folds, 2 or more.
        seed: The `train.seed` of each trial; it also decides which image is in which fold.
    """
    return [
        Trial(
            recipe,
            (*overrides, f"data.fold={{number: {number}, of: {folds}, seed: {seed}}}"),
            seed,
            f"fold {number} of {folds}",
            fold_run_name(number, folds),
        )
        for number in range(1, folds + 1)
    ]
