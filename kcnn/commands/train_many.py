"""Many trainings: runs of the same settings are found and finished, the others are made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kcnn.commands.fit import fit
from kcnn.commands.fit_side_by_side import Fit, fit_side_by_side
from kcnn.commands.lanes import lanes_for
from kcnn.commands.resume import resume
from kcnn.data.catalog import NAMED_SETS
from kcnn.errors import KcnnError
from kcnn.locks import is_held
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.differences import deciding_settings
from kcnn.runs import STOPPED, FreeName, RunFolder, list_runs
from kcnn.summary import read_summary
from kcnn.training.checkpoint import has_checkpoint


@dataclass(frozen=True)
class Job:
    """One training that is wanted.

    Args:
        recipe: A file, or the name of a recipe that kcnn brings.
        overrides: Settings from the command line, without the seed.
        seed: Its `train.seed`.
        title: What people call it, `train.seed=4`.
        name: Its run's name, or with a number behind it when that is taken.
    """

    recipe: str | Path
    overrides: tuple[str, ...]
    seed: int
    title: str
    name: str

    @cached_property
    def settings(self) -> Recipe:
        """The settings in force."""
        return read_recipe(self.recipe, [*self.overrides, f"train.seed={self.seed}"])

    @cached_property
    def key(self) -> str:
        """What decides its training, as text; jobs with the same key give the same run."""
        return _key(self.settings.name, self.settings)


@dataclass(frozen=True)
class Workplace:
    """Where trainings are made.

    Args:
        output_dir: Where runs lie.
        data_dir: Where to look for data first.
        device: As `kcnn fit` takes it.
        side_by_side: How many trainings at a time.
    """

    output_dir: Path = Path("outputs")
    data_dir: Path | None = None
    device: str | None = None
    side_by_side: int = 1


@dataclass(frozen=True)
class TrainedJob:
    """What became of a job.

    Args:
        job: What was wanted.
        run: Its finished run; None when its training failed and the others went on.
        was_there: Whether it had been trained before.
        problem: Why it failed.
        hint: What to do about that.
    """

    job: Job
    run: RunFolder | None
    was_there: bool = False
    problem: str | None = None
    hint: str | None = None

    @property
    def finished(self) -> RunFolder:
        """Its run, where none may fail."""
        assert self.run is not None
        return self.run

    @property
    def seconds(self) -> float:
        """The time its finished run spent training.

        Raises:
            RunError: The run's summary does not tell.
        """
        summary = read_summary(self.finished)
        return summary.known("timings.train", summary.number("timings.train", lowest=0))


def train_many(
    jobs: Sequence[Job], workplace: Workplace, progress: Progress, goes_on: bool = False
) -> list[TrainedJob]:
    """Finds a finished run for each job, or trains it as `kcnn fit` does in a process of its own.

    A run that was stopped goes on from its last checkpoint, so the same call goes on where it was
    stopped; where it cannot go on, as on other devices, another is trained in its place. The recipe
    is that of the beginning, whatever becomes of its file meanwhile.

    Args:
        jobs: What is wanted, no two with the same settings.
        workplace: Where and how many at a time.
        progress: Shows the trainings, and the time left for all.
        goes_on: Whether the others go on when a training fails of itself, one whose loss diverges.

    Raises:
        KcnnError: A training failed, or cannot have the devices it is to have.
    """
    there, begun = _find_runs(jobs, workplace.output_dir)
    for runs, what in ((there, "trained before"), (begun, "begun before, and going on")):
        if runs:
            titles = [runs[job.key][0].title for job in jobs if job.key in runs]
            progress.note(f"{what}: {', '.join(titles)}")
    missing = [job for job in jobs if job.key not in there]
    trained = {one.job.key: one for one in _train(missing, begun, workplace, progress, goes_on)}
    return [
        TrainedJob(job, there[job.key][0], was_there=True) if job.key in there else trained[job.key]
        for job in jobs
    ]


def _key(folder: str, recipe: Recipe) -> str:
    return json.dumps([folder, deciding_settings(recipe)], sort_keys=True)


_Runs = dict[str, list[RunFolder]]


def _find_runs(jobs: Sequence[Job], output_dir: Path) -> tuple[_Runs, _Runs]:
    """Finds the finished runs of each job that has some, and else those to go on with, by key."""
    wanted, folders = {job.key for job in jobs}, {job.settings.name for job in jobs}
    finished: _Runs = {}
    begun: _Runs = {}
    for run in list_runs(output_dir):
        folder, is_finished = run.path.parent.name, run.status() == "finished"
        if folder not in folders or not (is_finished or _can_go_on(run)):
            continue
        try:
            recipe = read_recipe(run.resolved)
        except KcnnError:  # of another version of kcnn, or damaged
            continue
        key = _key(folder, recipe)
        if key in wanted and not run.was_extended(recipe.train.epochs):
            (finished if is_finished else begun).setdefault(key, []).append(run)
    return finished, {key: runs for key, runs in begun.items() if key not in finished}


def _can_go_on(run: RunFolder) -> bool:
    """Says whether a run was stopped after a checkpoint, and is left alone now."""
    return run.status() in STOPPED and has_checkpoint(run) and not is_held(run)


def _train(
    jobs: Sequence[Job],
    begun: Mapping[str, Sequence[RunFolder]],
    workplace: Workplace,
    progress: Progress,
    goes_on: bool,
) -> list[TrainedJob]:
    if not jobs:
        return []
    lanes = lanes_for(len(jobs), workplace.side_by_side, workplace.device, progress)
    _fetch_data(jobs, workplace.data_dir, progress)
    fits = [_way(job, begun.get(job.key, ()), workplace) for job in jobs]
    try:
        endings = fit_side_by_side(fits, lanes, progress, goes_on)
    except KeyboardInterrupt:
        progress.note("the trainings stay as far as they are; the same command goes on with them")
        raise
    return [
        TrainedJob(job, ending)
        if isinstance(ending, RunFolder)
        else TrainedJob(job, None, problem=ending.message, hint=ending.hint)
        for job, ending in zip(jobs, endings, strict=True)
    ]


def _way(job: Job, begun: Sequence[RunFolder], workplace: Workplace) -> Fit:
    """Goes on with the first run that can, and begins one where none can."""
    way = _beginning(job, workplace)
    for run in reversed(begun):
        way = _going_on(job, run, workplace, way)
    return way


def _beginning(job: Job, workplace: Workplace) -> Fit:
    arguments = {
        "recipe": job.settings,  # as it was at the beginning; its file may be edited meanwhile
        "output_dir": workplace.output_dir,
        "name": FreeName(job.name),  # others may train at the same time, and take it
        "data_dir": workplace.data_dir,
    }
    return Fit(job.title, fit, arguments)


def _going_on(job: Job, run: RunFolder, workplace: Workplace, instead: Fit) -> Fit:
    arguments = {
        "run": str(run.path),
        "output_dir": workplace.output_dir,
        "data_dir": workplace.data_dir,
    }
    return Fit(job.title, resume, arguments, instead)


def _fetch_data(jobs: Sequence[Job], data_dir: Path | None, progress: Progress) -> None:
    """Downloads what is missing once, and not in each of the trainings."""
    from kcnn.data.download import locate_or_download

    for name in dict.fromkeys(job.settings.data.dataset for job in jobs):
        if name in NAMED_SETS and NAMED_SETS[name].downloads:
            locate_or_download(NAMED_SETS[name], data_dir, progress)
