"""kcnn reproduce: train several seeds of a recipe, and judge what its source published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.model.checked_recipe import check_recipe
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.recipe.differences import SEED
from kcnn.runs.summary import read_summary
from kcnn.starter.another_dataset import proposing_overrides
from kcnn.studies.quantities import measure_runs
from kcnn.studies.report_folder import report_folder
from kcnn.studies.reproduction_report import Reproduction, SeedRun, write_report
from kcnn.studies.trials import StudyOptions, Trial, TrialResult, TrialRunner
from kcnn.studies.verdicts import judge

REPORT = "reproduction"


def reproduce(
    recipe: str | Path,
    seeds: int,
    overrides: Sequence[str] = (),
    first_seed: int | None = None,
    options: StudyOptions | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Train several seeds of a recipe, and judge the numbers that its source published.

    Each seed is trained as `kcnn fit` does it, in its own process. Finished runs of the same
    settings and seed are reused and stopped ones are resumed, so the same call continues a stopped
    reproduction. The report goes into `outputs/<recipe>/reproduction`; with overrides, a hash of
    the settings is appended to the folder's name.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        seeds: How many seeds, 1 or more.
        overrides: Settings from the command line, each `setting=value`.
        first_seed: The first seed; None for the recipe's `train.seed`.
        options: Where to train, and how many trials at the same time.
        progress: Shows the trials, and the time left for all.

    Raises:
        KcnnError: Something is wrong with the recipe, the data, the devices or the output folder,
            or the training of a seed failed.
    """
    options, progress = options or StudyOptions(), progress or Progress()
    with proposing_overrides("kcnn reproduce", recipe, overrides):
        settings = read_recipe(recipe, overrides)
        check_recipe(settings)
    folder = report_folder(options.output_dir, REPORT, settings, overrides)
    first = settings.train.seed if first_seed is None else first_seed
    trials = [
        Trial(recipe, tuple(overrides), seed, f"{SEED}={seed}", f"seed-{seed:03d}")
        for seed in range(first, first + seeds)
    ]
    results = TrialRunner(fit, resume, options, progress).run(trials)
    runs = [result.finished for result in results]
    quantities = measure_runs(runs)
    summary = read_summary(runs[0])
    reproduction = Reproduction(
        recipe=settings.name,
        about=settings.about,
        overrides=tuple(overrides),
        parameters=summary.known("parameters", summary.count("parameters")),
        multiply_adds=summary.known("multiply_adds", summary.count("multiply_adds")),
        runs=tuple(_seed_run(result) for result in results),
        quantities=tuple(quantities),
        verdicts=tuple(judge(published, quantities) for published in settings.published),
        fidelity=tuple(settings.fidelity),
        folder=folder,
    )
    write_report(reproduction, progress)
    return reproduction


def _seed_run(result: TrialResult) -> SeedRun:
    run = result.finished
    return SeedRun(result.trial.seed, run.title, run.path, result.is_reused, result.seconds)
