"""kcnn reproduce: several seeds of a recipe, held against what its source published."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from kcnn.errors import RunError
from kcnn.files.atomic import require_writable
from kcnn.files.folder_names import folder_name
from kcnn.model.known_images import plan_for_known_images
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.differences import SEED, deciding_settings
from kcnn.runs.folder import is_run
from kcnn.runs.summary import read_summary
from kcnn.studies.quantities import measure_runs
from kcnn.studies.reproduction_report import Reproduction, SeedRun, write_report
from kcnn.studies.trials import TrainedRun, WantedRun, Workplace, train_many
from kcnn.studies.verdicts import judge

REPORT = "reproduction"


def reproduce(
    recipe: str | Path,
    seeds: int,
    overrides: Sequence[str] = (),
    first_seed: int | None = None,
    workplace: Workplace | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Trains seeds of a recipe and judges what its source published.

    Each seed is trained as `kcnn fit` does it, in a process of its own. A finished run of the same
    settings and seed is taken as it is and a stopped one is finished, so that the same call goes on
    where it was stopped. The report goes into `outputs/<recipe>/reproduction`, or into a folder
    with digits behind that name when there are overrides.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        seeds: How many, 1 or more.
        overrides: Settings from the command line.
        first_seed: The first of the seeds; the recipe's `train.seed` when None.
        workplace: Where the seeds are trained, and how many at a time; one when None.
        progress: Shows which seeds are trained, their training, and the time left.

    Raises:
        KcnnError: Something is wrong with the recipe, the data, the devices or the output folder,
            or the training of a seed failed.
    """
    workplace, progress = workplace or Workplace(), progress or Progress()
    settings = read_recipe(recipe, overrides)
    plan_for_known_images(settings)
    folder = _report_folder(workplace.output_dir, settings, overrides)
    first = settings.train.seed if first_seed is None else first_seed
    wanted = [
        WantedRun(recipe, tuple(overrides), seed, f"{SEED}={seed}", f"seed-{seed:03d}")
        for seed in range(first, first + seeds)
    ]
    trained = train_many(wanted, workplace, progress)
    folders = [one.finished for one in trained]
    quantities = measure_runs(folders)
    summary = read_summary(folders[0])
    reproduction = Reproduction(
        recipe=settings.name,
        about=settings.about,
        overrides=tuple(overrides),
        parameters=summary.known("parameters", summary.count("parameters")),
        multiply_adds=summary.known("multiply_adds", summary.count("multiply_adds")),
        runs=tuple(_seed_run(one) for one in trained),
        quantities=tuple(quantities),
        verdicts=tuple(judge(one, quantities) for one in settings.published),
        fidelity=tuple(settings.fidelity),
        folder=folder,
    )
    write_report(reproduction)
    return reproduction


def _report_folder(output_dir: Path, recipe: Recipe, overrides: Sequence[str]) -> Path:
    """Makes sure that the report can be written before any seed is trained.

    A recipe with other settings has a report of its own beside that of the recipe as it is.
    """
    settings = json.dumps(deciding_settings(recipe), sort_keys=True)
    name = folder_name(REPORT, settings) if overrides else REPORT
    folder = output_dir / recipe.name / name
    require_writable(folder)
    if is_run(folder):
        raise RunError(f"{folder}: is a run; the report goes there", "give the run another name")
    return folder


def _seed_run(trained: TrainedRun) -> SeedRun:
    run = trained.finished
    return SeedRun(trained.wanted.seed, run.title, run.path, trained.was_there, trained.seconds)
