"""Compare finished runs: which differences are larger than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kcnn.recipe.differences import SEED, deciding_settings, differing_settings
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_summary
from kcnn.stats import (
    Interval,
    PairedTest,
    difference_interval,
    mcnemar,
    mean_interval,
    seeds_needed,
    standard_deviation,
    wilson_interval,
)
from kcnn.studies.scored_run import ScoredRun, read_scored_run, require_same_test_set


@dataclass(frozen=True)
class ComparedRun:
    """A run in a comparison.

    Args:
        run: Its title, `cifar/run-001`; its path if another run has the same title.
        path: Its folder.
        settings: The settings that decided its training.
        seed: Its `train.seed`.
        test_images: How many images it was scored on.
        test_right: How many of them were classified correctly, with all labels if there may be
            several.
        test_interval: Wilson's 95 % interval of the test accuracy, for other test images.
        best_test_accuracy: With the best epoch's weights; None without validation.
        val_accuracy: After the epoch whose weights were scored; None without validation.
        accuracy: In training, during that epoch.
        parameters: Weights of the model.
        seconds: Time spent training.
        mean_average_precision: Of several labels, on the test images; else None.
        balanced_accuracy: Mean recall of the classes, on the test images; None for several labels,
            and for runs of former versions.
    """

    run: str
    path: Path
    settings: dict[str, Any]
    seed: int
    test_images: int
    test_right: int
    test_interval: Interval
    best_test_accuracy: float | None
    val_accuracy: float | None
    accuracy: float | None
    parameters: int | None
    seconds: float | None
    mean_average_precision: float | None = None
    balanced_accuracy: float | None = None

    @property
    def test_accuracy(self) -> float:
        """The fraction of test images that were classified correctly; of labels, `exact_match`."""
        return self.test_right / self.test_images


@dataclass(frozen=True)
class SeedGroup:
    """Runs that differ by nothing but the seed.

    Args:
        runs: Their titles.
        seeds: Each seed once; a seed that was trained again only repeats its first result.
        mean: Of their test accuracies.
        standard_deviation: From seed to seed; None for a single run.
        interval: Student's 95 % interval of the mean, for other seeds and the same test images.
        sampling_error: Half-width of a 95 % interval, for other test images and the same weights.
        seeds_needed: Seeds of each of two recipes to find `Comparison.difference`; None if the
            spread is not known.
    """

    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    mean: float
    standard_deviation: float | None
    interval: Interval | None
    sampling_error: float
    seeds_needed: int | None


@dataclass(frozen=True)
class Comparison:
    """A comparison of runs.

    Args:
        runs: In the order asked for, each once.
        differences: The settings that are not the same in all runs: each run's value, by dotted
            name.
        groups: Runs that differ only by seed, in the order of their first run.
        paired: McNemar's test, for exactly two runs.
        group_difference: Welch's 95 % interval of the difference of two groups' means, for exactly
            two groups of several seeds each.
        difference: The difference of test accuracies, as a fraction, that `seeds_needed` is for.
        several_labels: Whether an image may have several labels, and is right with all of them.
    """

    runs: tuple[ComparedRun, ...]
    differences: dict[str, list[Any]]
    groups: tuple[SeedGroup, ...]
    paired: PairedTest | None
    group_difference: Interval | None
    difference: float
    several_labels: bool = False

    @property
    def measure(self) -> str:
        """What is compared, in words: an image with several labels is right with all of them."""
        return "exact match" if self.several_labels else "test accuracy"

    def as_json(self) -> dict[str, Any]:
        """Return what json.dumps takes."""
        other = "balanced_accuracy" if self.several_labels else "mean_average_precision"
        name = "exact_match" if self.several_labels else "test_accuracy"
        runs = [
            {key: value for key, value in asdict(run).items() if key not in ("settings", other)}
            | {name: run.test_accuracy}
            for run in self.runs
        ]
        values = {**asdict(self), "runs": runs}
        if not self.several_labels:
            del values["several_labels"]
        return values


def compare_runs(runs: Sequence[RunFolder], difference: float) -> Comparison:
    """Compare finished runs that were scored on the same test images.

    Two sources of chance are kept apart. Another seed trains another model: this spread is measured
    by training again. Other test images give the same model another score: this error follows from
    their number, and is the same for all runs on a test set.

    Args:
        runs: Two or more different runs.
        difference: A difference of test accuracies, as a fraction; how many seeds find it?

    Raises:
        RunError: A run is not finished, or its files are damaged.
        RecipeError: Its resolved.yaml is damaged, or of another version.
        KcnnError: The runs were scored on different test sets.
    """
    scored = [read_scored_run(run) for run in runs]
    for other in scored[1:]:
        require_same_test_set(scored[0], other)
    compared = _with_unique_titles([_compared(run) for run in scored])
    groups = _group(compared)
    return Comparison(
        runs=tuple(compared),
        differences=differing_settings([run.settings for run in compared]),
        groups=tuple(_describe(group, difference) for group in groups),
        paired=_paired(*scored) if len(scored) == 2 else None,
        group_difference=_group_difference(groups),
        difference=difference,
        several_labels=scored[0].has_several_labels,
    )


def _compared(scored: ScoredRun) -> ComparedRun:
    summary = read_summary(scored.run)
    images, right = len(scored.right), int(scored.right.sum())
    return ComparedRun(
        run=scored.run.title,
        path=scored.run.path,
        settings=deciding_settings(scored.recipe),
        seed=scored.recipe.train.seed,
        test_images=images,
        test_right=right,
        test_interval=wilson_interval(right, images),
        best_test_accuracy=summary.fraction(
            "best.test_exact_match" if scored.has_several_labels else "best.test_accuracy"
        ),
        val_accuracy=summary.fraction("train.val_accuracy"),
        accuracy=summary.fraction("train.accuracy"),
        parameters=summary.count("parameters"),
        seconds=summary.number("timings.train", lowest=0),
        mean_average_precision=summary.fraction("test.mean_average_precision"),
        balanced_accuracy=summary.fraction("test.balanced_accuracy"),
    )


def _with_unique_titles(runs: list[ComparedRun]) -> list[ComparedRun]:
    if len({run.run for run in runs}) == len(runs):
        return runs
    return [replace(run, run=str(run.path)) for run in runs]


def _group(runs: Sequence[ComparedRun]) -> list[list[ComparedRun]]:
    """Group the runs that differ by nothing but the seed."""
    groups: list[list[ComparedRun]] = []
    for run in runs:
        for group in groups:
            if differing_settings([group[0].settings, run.settings]).keys() <= {SEED}:
                group.append(run)
                break
        else:
            groups.append([run])
    return groups


def _by_seed(group: Sequence[ComparedRun]) -> dict[int, float]:
    """Return the test accuracy of each seed; of a seed that was trained twice, the first."""
    accuracies: dict[int, float] = {}
    for run in group:
        accuracies.setdefault(run.seed, run.test_accuracy)
    return accuracies


def _describe(group: Sequence[ComparedRun], difference: float) -> SeedGroup:
    by_seed = _by_seed(group)
    accuracies = list(by_seed.values())
    mean, deviation = float(np.mean(accuracies)), standard_deviation(accuracies)
    images = group[0].test_images
    return SeedGroup(
        runs=tuple(run.run for run in group),
        seeds=tuple(by_seed),
        mean=mean,
        standard_deviation=deviation,
        interval=mean_interval(accuracies),
        sampling_error=wilson_interval(round(mean * images), images).half_width,
        seeds_needed=None if deviation is None else seeds_needed(deviation, difference),
    )


def _group_difference(groups: Sequence[Sequence[ComparedRun]]) -> Interval | None:
    if len(groups) != 2:
        return None
    first, second = (list(_by_seed(group).values()) for group in groups)
    return difference_interval(first, second)


def _paired(first: ScoredRun, second: ScoredRun) -> PairedTest:
    only_first = int(np.sum(first.right & ~second.right))
    only_second = int(np.sum(~first.right & second.right))
    return mcnemar(only_first, only_second)
