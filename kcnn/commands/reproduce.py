"""kcnn reproduce: several seeds of a recipe, held against what its source published."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kcnn.commands.check import plan_for_known_images
from kcnn.commands.fit_in_process import fit_in_process
from kcnn.commands.reproduction_report import Reproduction, SeedRun, write_report
from kcnn.commands.verdicts import judge, measure_runs
from kcnn.errors import KcnnError, RunError
from kcnn.files import require_writable
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.differences import deciding_settings
from kcnn.runs import RunFolder, is_run, list_runs

REPORT = "reproduction"


@dataclass(frozen=True)
class _Seeds:
    """What is trained for each seed, and where it goes."""

    recipe: str | Path
    overrides: tuple[str, ...]
    name: str
    output_dir: Path
    data_dir: Path | None
    device: str | None

    def settings(self, seed: int) -> dict[str, Any]:
        """Gives what decides the training of a seed."""
        return deciding_settings(read_recipe(self.recipe, [*self.overrides, f"train.seed={seed}"]))


def reproduce(
    recipe: str | Path,
    seeds: int,
    overrides: Sequence[str] = (),
    output_dir: Path = Path("outputs"),
    first_seed: int | None = None,
    data_dir: Path | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Reproduction:
    """Trains seeds of a recipe one after the other and judges what its source published.

    Each seed is trained as `kcnn fit` does it, in a process of its own. A finished run of the same
    settings and seed is taken as it is, so that the same call goes on where it was stopped. The
    report goes into `outputs/<recipe>/reproduction`.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        seeds: How many, 1 or more.
        overrides: Settings from the command line.
        output_dir: Where runs lie.
        first_seed: The first of the seeds; the recipe's `train.seed` when None.
        data_dir: Where to look for data first.
        device: As `kcnn fit` takes it.
        progress: Shows which seed is trained, the training, and the time left.

    Raises:
        KcnnError: Something is wrong with the recipe, the data, the devices or the output folder,
            or the training of a seed failed.
    """
    progress = progress or Progress()
    settings = read_recipe(recipe, overrides)
    plan_for_known_images(settings)
    folder = _report_folder(output_dir, settings)
    first = settings.train.seed if first_seed is None else first_seed
    job = _Seeds(recipe, tuple(overrides), settings.name, output_dir, data_dir, device)
    runs = _find_or_train(job, range(first, first + seeds), progress)
    folders = [RunFolder(run.path) for run in runs]
    quantities = measure_runs(folders)
    summary = folders[0].read_summary()
    reproduction = Reproduction(
        recipe=settings.name,
        about=settings.about,
        overrides=tuple(overrides),
        parameters=summary["parameters"],
        multiply_adds=summary["multiply_adds"],
        runs=tuple(runs),
        quantities=tuple(quantities),
        verdicts=tuple(judge(one, quantities) for one in settings.published),
        fidelity=tuple(settings.fidelity),
        folder=folder,
    )
    write_report(reproduction)
    return reproduction


def _report_folder(output_dir: Path, recipe: Recipe) -> Path:
    """Makes sure that the report can be written before any seed is trained."""
    folder = output_dir / recipe.name / REPORT
    require_writable(folder)
    if is_run(folder):
        raise RunError(f"{folder}: is a run; the report goes there", "give the run another name")
    return folder


def _find_or_train(job: _Seeds, seeds: Sequence[int], progress: Progress) -> list[SeedRun]:
    wanted = {seed: job.settings(seed) for seed in seeds}
    there = _find_finished(job, wanted)
    missing = [seed for seed in seeds if seed not in there]
    if there:
        progress.note(f"trained before: {', '.join(run.title for run in there.values())}")
    started = time.monotonic()
    trained: dict[int, RunFolder] = {}
    for number, seed in enumerate(missing):
        per_seed = (time.monotonic() - started) / number if number else None
        left = f", {_about(per_seed * (len(missing) - number))} left" if per_seed else ""
        progress.note(f"seed {seeds.index(seed) + 1} of {len(seeds)} (train.seed={seed}){left}")
        trained[seed] = _train(job, seed, progress)
    return [_seed_run(seed, there, trained) for seed in seeds]


def _find_finished(job: _Seeds, wanted: dict[int, dict[str, Any]]) -> dict[int, RunFolder]:
    """Finds a finished run of the same settings for each seed that has one."""
    found: dict[int, RunFolder] = {}
    for run in list_runs(job.output_dir):
        if run.path.parent.name != job.name or run.status() != "finished":
            continue
        try:
            settings = deciding_settings(read_recipe(run.resolved))
        except KcnnError:  # of another version of kcnn, or damaged
            continue
        seed = settings["train"]["seed"]
        if settings == wanted.get(seed):
            found.setdefault(seed, run)
    return found


def _train(job: _Seeds, seed: int, progress: Progress) -> RunFolder:
    try:
        result = fit_in_process(
            progress,
            recipe=job.recipe,
            overrides=job.overrides,
            output_dir=job.output_dir,
            name=_free_name(job.output_dir / job.name, f"seed-{seed:03d}"),
            data_dir=job.data_dir,
            seed=seed,
            device=job.device,
        )
    except KcnnError as error:
        raise KcnnError(f"train.seed={seed}: {error.message}", error.hint) from None
    except KeyboardInterrupt:
        progress.note("the seeds that are finished stay; the same command goes on after them")
        raise
    return result.run


def _free_name(parent: Path, name: str) -> str:
    """Leaves alone what has the name: a run with other settings, or one that was stopped."""
    candidate, number = name, 1
    while (parent / candidate).exists():
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def _seed_run(seed: int, there: dict[int, RunFolder], trained: dict[int, RunFolder]) -> SeedRun:
    run = there.get(seed) or trained[seed]
    seconds = run.read_summary()["timings"]["train"]
    return SeedRun(seed, run.title, run.path, seed in there, seconds)


def _about(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes else "under a minute"
