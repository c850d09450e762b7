"""Many trainings: runs of the same settings are found and finished, the others are made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.data.catalog import NAMED_DATASETS
from kcnn.errors import KcnnError
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.differences import deciding_settings, plain_settings
from kcnn.runs.checkpoint import has_checkpoint
from kcnn.runs.environment import was_extended
from kcnn.runs.find import list_runs
from kcnn.runs.folder import DEFAULT_OUTPUT_DIR, FreeName, RunFolder
from kcnn.runs.lock import is_locked
from kcnn.runs.summary import STOPPED, read_status, read_summary
from kcnn.studies.executor import Fit, fit_side_by_side
from kcnn.studies.resources import lanes_for


@dataclass(frozen=True)
class WantedRun:
    """One run that is wanted, trained before or still to be.

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
        """What decides its training, as text; the same key gives the same run."""
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

    output_dir: Path = DEFAULT_OUTPUT_DIR
    data_dir: Path | None = None
    device: str | None = None
    side_by_side: int = 1


@dataclass(frozen=True)
class TrainedRun:
    """What became of a run that was wanted.

    Args:
        wanted: What was wanted.
        run: Its finished run; None when its training failed and the others went on.
        was_there: Whether it had been trained before.
        problem: Why it failed.
        hint: What to do about that.
    """

    wanted: WantedRun
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
    wanted: Sequence[WantedRun], workplace: Workplace, progress: Progress, keep_going: bool = False
) -> list[TrainedRun]:
    """Finds each run that is wanted, or trains it as `kcnn fit` does in a process of its own.

    A run that was stopped goes on from its last checkpoint, so the same call goes on where it was
    stopped; where it cannot go on, as on other devices, another is trained in its place. So is one
    for a finished run of images that have changed since, which can happen to images of one's own.
    The recipe is that of the beginning, whatever becomes of its file meanwhile.

    Args:
        wanted: What is wanted, no two with the same settings.
        workplace: Where and how many at a time.
        progress: Shows the trainings, and the time left for all.
        keep_going: Whether the others go on when a training fails of itself, as when its loss
            diverges.

    Raises:
        KcnnError: A training failed, or cannot have the devices it is to have.
    """
    finished, begun = _find_runs(wanted, workplace.output_dir)
    there = _of_todays_images(finished, wanted, workplace.data_dir, progress)
    for runs, what in ((there, "trained before"), (begun, "begun before, and going on")):
        if runs:
            titles = [runs[one.key][0].title for one in wanted if one.key in runs]
            progress.note(f"{what}: {', '.join(titles)}")
    missing = [one for one in wanted if one.key not in there]
    trained = {
        one.wanted.key: one for one in _train(missing, begun, workplace, progress, keep_going)
    }
    return [
        TrainedRun(one, there[one.key][0], was_there=True) if one.key in there else trained[one.key]
        for one in wanted
    ]


def _key(folder: str, recipe: Recipe) -> str:
    return json.dumps([folder, deciding_settings(recipe)], sort_keys=True)


_Runs = dict[str, list[RunFolder]]


def _find_runs(wanted: Sequence[WantedRun], output_dir: Path) -> tuple[_Runs, _Runs]:
    """Finds the finished runs of each that has some, and else those to go on with, by key."""
    keys, folders = {one.key for one in wanted}, {one.settings.name for one in wanted}
    finished: _Runs = {}
    begun: _Runs = {}
    for run in list_runs(output_dir):
        folder, is_finished = run.path.parent.name, read_status(run) == "finished"
        if folder not in folders or not (is_finished or _can_go_on(run)):
            continue
        try:
            recipe = read_recipe(run.resolved)
        except KcnnError:  # of another version of kcnn, or damaged
            continue
        key = _key(folder, recipe)
        if key in keys and not was_extended(run, recipe.train.epochs):
            (finished if is_finished else begun).setdefault(key, []).append(run)
    return finished, {key: runs for key, runs in begun.items() if key not in finished}


def _of_todays_images(
    finished: _Runs, wanted: Sequence[WantedRun], data_dir: Path | None, progress: Progress
) -> _Runs:
    """Leaves out finished runs whose images are no longer those that the recipe names."""
    from kcnn.data.load import load_dataset

    # Only images of one's own change; those of several trainings are read once.
    own = {
        _data_key(one): one.settings.data
        for one in wanted
        if one.key in finished and one.settings.data.path is not None
    }
    digests = {key: load_dataset(data, data_dir, progress).digest() for key, data in own.items()}
    todays: _Runs = {}
    for one in wanted:
        digest = digests.get(_data_key(one))
        for run in finished.get(one.key, ()):
            if digest is None or read_summary(run).text("images_digest") == digest:
                todays.setdefault(one.key, []).append(run)
            else:
                progress.note(f"{run.path}: trained on other images than are here now; left out")
    return todays


def _data_key(wanted: WantedRun) -> str:
    return json.dumps(plain_settings(wanted.settings)["data"], sort_keys=True)


def _can_go_on(run: RunFolder) -> bool:
    """Says whether a run was stopped after a checkpoint, and is left alone now."""
    return read_status(run) in STOPPED and has_checkpoint(run) and not is_locked(run)


def _train(
    wanted: Sequence[WantedRun],
    begun: Mapping[str, Sequence[RunFolder]],
    workplace: Workplace,
    progress: Progress,
    keep_going: bool,
) -> list[TrainedRun]:
    if not wanted:
        return []
    lanes = lanes_for(len(wanted), workplace.side_by_side, workplace.device, progress)
    _fetch_data(wanted, workplace.data_dir, progress)
    fits = [_fit_for(one, begun.get(one.key, ()), workplace) for one in wanted]
    try:
        endings = fit_side_by_side(fits, lanes, progress, keep_going)
    except KeyboardInterrupt:
        progress.note("the trainings stay as far as they are; the same command goes on with them")
        raise
    return [
        TrainedRun(one, ending)
        if isinstance(ending, RunFolder)
        else TrainedRun(one, None, problem=ending.message, hint=ending.hint)
        for one, ending in zip(wanted, endings, strict=True)
    ]


def _fit_for(wanted: WantedRun, begun: Sequence[RunFolder], workplace: Workplace) -> Fit:
    """Goes on with the first run that can, and begins one where none can."""
    made = _new_fit(wanted, workplace)
    for run in reversed(begun):
        made = _resumed_fit(wanted, run, workplace, instead=made)
    return made


def _new_fit(wanted: WantedRun, workplace: Workplace) -> Fit:
    arguments = {
        "recipe": wanted.settings,  # as it was at the beginning; its file may be edited meanwhile
        "output_dir": workplace.output_dir,
        "name": FreeName(wanted.name),  # others may train at the same time, and take it
        "data_dir": workplace.data_dir,
    }
    return Fit(wanted.title, fit, arguments)


def _resumed_fit(wanted: WantedRun, run: RunFolder, workplace: Workplace, instead: Fit) -> Fit:
    arguments = {
        "run": str(run.path),
        "output_dir": workplace.output_dir,
        "data_dir": workplace.data_dir,
    }
    return Fit(wanted.title, resume, arguments, instead)


def _fetch_data(wanted: Sequence[WantedRun], data_dir: Path | None, progress: Progress) -> None:
    """Downloads what is missing once, and not in each of the trainings."""
    from kcnn.data.download import locate_or_download

    for name in dict.fromkeys(one.settings.data.dataset for one in wanted):
        if name in NAMED_DATASETS and NAMED_DATASETS[name].downloads:
            locate_or_download(NAMED_DATASETS[name], data_dir, progress)
