"""The trials of a study: finished runs are reused, stopped ones resumed, the others trained."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.locate import locate_or_download
from kcnn.errors import KcnnError
from kcnn.files.read import sha256_of_file
from kcnn.model.checked_recipe import count_what_is_there
from kcnn.progress import Progress
from kcnn.recipe import Recipe, read_recipe
from kcnn.recipe.differences import deciding_settings, plain_settings
from kcnn.recipe.of_run import read_resolved
from kcnn.runs.checkpoint import has_checkpoint
from kcnn.runs.environment import read_environment, was_extended
from kcnn.runs.find import find_runs, find_weights
from kcnn.runs.folder import DEFAULT_OUTPUT_DIR, FreeName, RunFolder
from kcnn.runs.lock import is_locked
from kcnn.runs.summary import STOPPED, read_status, read_summary
from kcnn.studies.executors.executor import Attempt, Executor, Train
from kcnn.studies.executors.processes import ProcessExecutor
from kcnn.studies.resources import divide_resources


@dataclass(frozen=True)
class Trial:
    """One run of a study: a recipe, its settings and a seed.

    Args:
        recipe: A file, or the name of a recipe that comes with kcnn.
        overrides: Settings from the command line, without the seed.
        seed: Its `train.seed`.
        title: Its title on the display, such as `train.seed=4`.
        name: The name for its run; a number is appended if another run has the name.
    """

    recipe: str | Path
    overrides: tuple[str, ...]
    seed: int
    title: str
    name: str

    @cached_property
    def settings(self) -> Recipe:
        """The settings in force, with the number of classes, as in its resolved.yaml."""
        return count_what_is_there(
            read_recipe(self.recipe, [*self.overrides, f"train.seed={self.seed}"])
        )

    @cached_property
    def key(self) -> str:
        """What decides its training, as text; trials with the same key have the same result."""
        return _key(self.settings.name, self.settings)


@dataclass(frozen=True)
class StudyOptions:
    """Where the trials of a study run, and how many at the same time.

    Args:
        output_dir: The folder of all runs.
        data_dir: The folder in which datasets are looked for first.
        device: `cpu`, `gpu`, numbers of GPUs such as `0,1`, or None for the best there is.
        jobs: How many trials may run at the same time.
    """

    output_dir: Path = DEFAULT_OUTPUT_DIR
    data_dir: Path | None = None
    device: str | None = None
    jobs: int = 1


@dataclass(frozen=True)
class TrialResult:
    """The run of a trial, or why there is none.

    Args:
        trial: The trial.
        run: Its finished run; None if its training failed.
        is_reused: Whether the run had been trained before.
        problem: Why the training failed; None if it did not.
        hint: How to fix that.
    """

    trial: Trial
    run: RunFolder | None
    is_reused: bool = False
    problem: str | None = None
    hint: str | None = None

    @property
    def finished(self) -> RunFolder:
        """Its run, in a study whose trials may not fail."""
        assert self.run is not None
        return self.run

    @property
    def seconds(self) -> float:
        """The time spent training its run.

        Raises:
            RunError: The run's summary does not contain it.
        """
        summary = read_summary(self.finished)
        return summary.known("timings.train", summary.number("timings.train", lowest=0))


@dataclass(frozen=True)
class TrialRunner:
    """Runs the trials of a study.

    The commands `fit` and `resume` are passed in, because a study cannot import commands. Both
    are pickled by name for other processes, so they must be functions of a module.

    Args:
        fit: Trains a recipe, as `kcnn.commands.fit.fit`.
        resume: Resumes a run, as `kcnn.commands.resume.resume`.
        options: Where trials run, and how many at the same time.
        progress: Shows the trials, and the time left for all.
    """

    fit: Train
    resume: Train
    options: StudyOptions
    progress: Progress

    def run(self, trials: Sequence[Trial], keep_going: bool = False) -> list[TrialResult]:
        """Reuse the finished run of each trial, or train it as `kcnn fit` does in a new process.

        A stopped run is resumed from its last checkpoint, so the same call continues a stopped
        study. If it cannot be resumed, for example on other devices, a new run is trained instead.
        A finished run is not reused if the images of its folder or file have changed since. The
        recipe is read once, before the first trial; later edits of its file change nothing.

        Args:
            trials: No two with the same settings.
            keep_going: Whether the other trials continue if a training fails by itself, for
                example because its loss diverges.

        Returns:
            One result a trial.

        Raises:
            KcnnError: A training failed, or the devices cannot be divided.
        """
        finished, begun = _find_runs(trials, self.options.output_dir)
        reused = _with_unchanged_images(finished, trials, self.options.data_dir, self.progress)
        for runs, what in ((reused, "trained before"), (begun, "stopped before, now resumed")):
            if runs:
                titles = [runs[trial.key][0].title for trial in trials if trial.key in runs]
                self.progress.note(f"{what}: {', '.join(titles)}")
        missing = [trial for trial in trials if trial.key not in reused]
        trained = {result.trial.key: result for result in self._train(missing, begun, keep_going)}
        return [
            TrialResult(trial, reused[trial.key][0], is_reused=True)
            if trial.key in reused
            else trained[trial.key]
            for trial in trials
        ]

    def _train(
        self, trials: Sequence[Trial], begun: Mapping[str, Sequence[RunFolder]], keep_going: bool
    ) -> list[TrialResult]:
        if not trials:
            return []
        options, progress = self.options, self.progress
        resources = divide_resources(len(trials), options.jobs, options.device, progress)
        executor: Executor = ProcessExecutor(resources)
        _download_data(trials, options.data_dir, progress)
        attempts = [self._attempt(trial, begun.get(trial.key, ())) for trial in trials]
        try:
            outcomes = executor.run(attempts, progress, keep_going)
        except KeyboardInterrupt:
            progress.note("finished epochs are kept; the same command continues with them")
            raise
        return [
            TrialResult(trial, outcome)
            if isinstance(outcome, RunFolder)
            else TrialResult(trial, None, problem=outcome.message, hint=outcome.hint)
            for trial, outcome in zip(trials, outcomes, strict=True)
        ]

    def _attempt(self, trial: Trial, begun: Sequence[RunFolder]) -> Attempt:
        """Return the attempt that resumes the first run that can be, else trains a new one."""
        directories = {"output_dir": self.options.output_dir, "data_dir": self.options.data_dir}
        arguments: dict[str, Any] = {
            "recipe": trial.settings,  # not its file, which may be edited meanwhile
            "name": FreeName(trial.name),  # another process may take the name meanwhile
            **directories,
        }
        attempt = Attempt(trial.title, self.fit, arguments)
        for run in reversed(begun):
            arguments = {"run": str(run.path), **directories}
            attempt = Attempt(trial.title, self.resume, arguments, fallback=attempt)
        return attempt


def _key(folder: str, recipe: Recipe) -> str:
    return json.dumps([folder, deciding_settings(recipe)], sort_keys=True)


_Runs = dict[str, list[RunFolder]]  # by the key of their trial


def _find_runs(trials: Sequence[Trial], output_dir: Path) -> tuple[_Runs, _Runs]:
    """Return the finished runs of the trials, and the resumable runs of those without any."""
    keys, folders = {trial.key for trial in trials}, {trial.settings.name for trial in trials}
    finished: _Runs = {}
    begun: _Runs = {}
    for run in find_runs(output_dir):
        folder, is_finished = run.path.parent.name, read_status(run) == "finished"
        if folder not in folders or not (is_finished or _can_be_resumed(run)):
            continue
        try:
            recipe = read_resolved(run)
        except KcnnError:  # of another version of kcnn, or damaged
            continue
        key = _key(folder, recipe)
        is_same = not was_extended(run, recipe.train.all_epochs) and _started_alike(run, recipe)
        if key in keys and is_same:
            (finished if is_finished else begun).setdefault(key, []).append(run)
    return finished, {key: runs for key, runs in begun.items() if key not in finished}


def _started_alike(run: RunFolder, recipe: Recipe) -> bool:
    """Return whether a run's file of initial weights, if it has one, is still the same."""
    if recipe.train.initial_weights is None:
        return True
    try:
        sha256 = sha256_of_file(find_weights(recipe.train.initial_weights))
        return sha256 == read_environment(run).initial_weights_sha256
    except (KcnnError, OSError):
        return False


def _with_unchanged_images(
    finished: _Runs, trials: Sequence[Trial], data_dir: Path | None, progress: Progress
) -> _Runs:
    """Return the finished runs whose images are still those that the recipe names."""
    from kcnn.data.load import load_dataset

    # Only a user's own images change. The images of several trials are read once.
    own = {
        _data_key(trial): trial.settings.data
        for trial in trials
        if trial.key in finished and trial.settings.data.path is not None
    }
    digests = {key: load_dataset(data, data_dir, progress).digest() for key, data in own.items()}
    unchanged: _Runs = {}
    for trial in trials:
        digest = digests.get(_data_key(trial))
        for run in finished.get(trial.key, ()):
            if digest is None or read_summary(run).text("images_digest") == digest:
                unchanged.setdefault(trial.key, []).append(run)
            else:
                progress.note(f"{run.path}: not reused, because its images have changed since")
    return unchanged


def _data_key(trial: Trial) -> str:
    return json.dumps(plain_settings(trial.settings)["data"], sort_keys=True)


def _can_be_resumed(run: RunFolder) -> bool:
    """Return whether a run was stopped after a checkpoint, and no process trains it now."""
    return read_status(run) in STOPPED and has_checkpoint(run) and not is_locked(run)


def _download_data(trials: Sequence[Trial], data_dir: Path | None, progress: Progress) -> None:
    """Download what is missing once, and not in every trial."""
    for name in dict.fromkeys(trial.settings.data.dataset for trial in trials):
        if name in NAMED_DATASETS and NAMED_DATASETS[name].downloads:
            locate_or_download(NAMED_DATASETS[name], data_dir, progress)
