"""Train a tiny model in real processes, two at the same time."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.errors import KcnnError
from kcnn.files.atomic import write_text
from kcnn.files.read import read_json
from kcnn.machine.cores import usable_cores
from kcnn.progress import (
    EpochFinished,
    Event,
    Note,
    Progress,
    TrialEvent,
    TrialFinished,
    TrialStarted,
)
from kcnn.runs.find import find_runs
from kcnn.runs.folder import FreeName, RunFolder
from kcnn.runs.summary import read_status
from kcnn.studies.executors.executor import Attempt
from kcnn.studies.executors.processes import ProcessExecutor
from kcnn.studies.resources import Resources

TINY = ("train.epochs=1", "model.layers=[Flatten, {Dense: {units: 10}}]")
ONE_CORE = Resources(usable_cores()[:1], "cpu")
pytestmark = pytest.mark.slow


class Titles(Progress):
    """Keep the titles of the trials that began and ended, and the epochs of each."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.epochs: dict[str, int] = {}
        self.notes: list[str] = []
        self._titles: dict[int, str] = {}

    def receive(self, event: Event) -> None:
        match event:
            case TrialStarted(trial, title):
                self._titles[trial] = title
                self.begun.append(title)
            case TrialFinished(trial):
                self.ended.append(self._titles[trial])
            case TrialEvent(_, Note(text)):
                self.notes.append(text)
            case TrialEvent(trial, EpochFinished(epoch)):
                self.epochs[self._titles[trial]] = epoch
                self.after_epoch()

    def after_epoch(self) -> None:
        """Act after each epoch of any trial."""


def attempts(folder: Path, *each: tuple[str, ...]) -> list[Attempt]:
    return [
        Attempt(
            f"train.seed={seed}",
            fit,
            {"recipe": "digits", "overrides": (*TINY, *own), "output_dir": folder, "seed": seed,
             "name": f"seed-{seed}"},
        )
        for seed, own in enumerate(each)
    ]  # fmt: skip


def test_runs_two_of_three_trials_at_the_same_time(tmp_path: Path) -> None:
    titles = Titles()
    runs = ProcessExecutor([ONE_CORE, ONE_CORE]).run(attempts(tmp_path, (), (), ()), titles)
    assert [run.path.name for run in runs if isinstance(run, RunFolder)] == [
        "seed-0", "seed-1", "seed-2",
    ]  # fmt: skip
    assert {read_status(run) for run in find_runs(tmp_path)} == {"finished"}
    assert titles.begun == ["train.seed=0", "train.seed=1", "train.seed=2"]
    assert sorted(titles.ended) == titles.begun
    assert titles.epochs == dict.fromkeys(titles.begun, 1)
    environments = [read_json(run.environment) for run in find_runs(tmp_path)]
    assert [environment["training_cores"] for environment in environments] == [1, 1, 1]


def test_a_killed_trial_stops_the_other_and_is_named(tmp_path: Path) -> None:
    class Kills(Titles):
        def after_epoch(self) -> None:
            if len(self.epochs) == 2 and not self.ended:
                victim = multiprocessing.active_children()[0]
                assert victim.pid is not None
                os.kill(victim.pid, signal.SIGKILL)
                self.after_epoch = lambda: None  # type: ignore[method-assign]

    long = ("train.epochs=100000",)
    with pytest.raises(KcnnError, match=r"^train\.seed=[01]: .* was killed by signal 9"):
        ProcessExecutor([ONE_CORE, ONE_CORE]).run(attempts(tmp_path, long, long, ()), Kills())
    assert sorted(read_status(run) for run in find_runs(tmp_path)) == ["interrupted", "unfinished"]
    assert not multiprocessing.active_children()


def test_with_keep_going_a_diverged_trial_stops_no_other(tmp_path: Path) -> None:
    diverges = (
        "model.layers=[Flatten, {Dense: {units: 8}}, {Dense: {units: 10}}]",
        "train.optimizer={SGD: {learning_rate: 1e30}}",
    )
    both = attempts(tmp_path, diverges, ())
    failed, run = ProcessExecutor([ONE_CORE]).run(both, Progress(), keep_going=True)
    assert isinstance(failed, KcnnError) and "the loss became" in failed.message
    assert isinstance(run, RunFolder) and read_status(run) == "finished"


def test_an_error_before_the_training_stops_all(tmp_path: Path) -> None:
    both = attempts(tmp_path, ("train.batch_size=5000",), ())
    with pytest.raises(KcnnError, match=r"^train\.seed=0: .*batch_size"):
        ProcessExecutor([ONE_CORE]).run(both, Progress(), keep_going=True)
    assert find_runs(tmp_path) == []


def test_a_disk_error_stops_all(tmp_path: Path) -> None:
    class Blocks(Titles):
        def after_epoch(self) -> None:
            (run,) = find_runs(tmp_path)
            blocked = run.checkpoints / "epoch-0150.npz"
            if not blocked.exists():
                write_text(blocked / "in_the_way", "")

    both = attempts(tmp_path, ("train.epochs=100000",), ())
    with pytest.raises(KcnnError, match=r"^train\.seed=0: .*epoch-0150\.npz: cannot be written"):
        ProcessExecutor([ONE_CORE]).run(both, Blocks(), keep_going=True)
    assert [read_status(run) for run in find_runs(tmp_path)] == ["failed"]


def test_the_fallback_of_a_refused_attempt_is_trained(tmp_path: Path) -> None:
    titles = Titles()
    gone_on_with = {"run": str(tmp_path / "nothing"), "output_dir": tmp_path}
    (begun,) = attempts(tmp_path, ())
    first = Attempt(begun.title, resume, gone_on_with, begun)
    (run,) = ProcessExecutor([ONE_CORE]).run([first], titles)
    assert isinstance(run, RunFolder) and read_status(run) == "finished"
    assert titles.begun == titles.ended == ["train.seed=0"]
    assert f"nothing: no such run in {tmp_path}; another run is trained instead" in titles.notes[0]


def test_two_runs_of_the_same_name_have_different_folders(tmp_path: Path) -> None:
    both = [
        Attempt(attempt.title, attempt.train, {**attempt.arguments, "name": FreeName("same")})
        for attempt in attempts(tmp_path, (), ())
    ]
    ProcessExecutor([ONE_CORE, ONE_CORE]).run(both, Progress())
    assert [run.path.name for run in find_runs(tmp_path)] == ["same", "same-2"]
    assert {read_status(run) for run in find_runs(tmp_path)} == {"finished"}
