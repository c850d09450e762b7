"""Real trainings of a tiny network, two at a time."""

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
from kcnn.runs.find import list_runs
from kcnn.runs.folder import FreeName, RunFolder
from kcnn.runs.summary import read_status
from kcnn.studies.executor import Fit, fit_side_by_side
from kcnn.studies.resources import Lane

TINY = ("train.epochs=1", "model.layers=[Flatten, {Dense: {units: 10}}]")
LANE = Lane(usable_cores()[:1], "cpu")
pytestmark = pytest.mark.slow


class Titles(Progress):
    """Keeps which trainings began and ended, and the epochs of each."""

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


def fits(folder: Path, *each: tuple[str, ...]) -> list[Fit]:
    return [
        Fit(
            f"train.seed={seed}",
            fit,
            {"recipe": "digits", "overrides": (*TINY, *own), "output_dir": folder, "seed": seed,
             "name": f"seed-{seed}"},
        )
        for seed, own in enumerate(each)
    ]  # fmt: skip


def test_three_in_two_lanes(tmp_path: Path) -> None:
    titles = Titles()
    runs = fit_side_by_side(fits(tmp_path, (), (), ()), [LANE, LANE], titles)
    assert [run.path.name for run in runs if isinstance(run, RunFolder)] == [
        "seed-0", "seed-1", "seed-2",
    ]  # fmt: skip
    assert {read_status(run) for run in list_runs(tmp_path)} == {"finished"}
    assert titles.begun == ["train.seed=0", "train.seed=1", "train.seed=2"]
    assert sorted(titles.ended) == titles.begun
    assert titles.epochs == dict.fromkeys(titles.begun, 1)
    environments = [read_json(run.environment) for run in list_runs(tmp_path)]
    assert [one["training_cores"] for one in environments] == [1, 1, 1]


def test_one_that_is_killed_stops_the_other_and_is_named(tmp_path: Path) -> None:
    class Kills(Titles):
        def after_epoch(self) -> None:
            if len(self.epochs) == 2 and not self.ended:
                victim = multiprocessing.active_children()[0]
                assert victim.pid is not None
                os.kill(victim.pid, signal.SIGKILL)
                self.after_epoch = lambda: None  # type: ignore[method-assign]

    long = ("train.epochs=100000",)
    with pytest.raises(KcnnError, match=r"^train\.seed=[01]: .* was killed by signal 9"):
        fit_side_by_side(fits(tmp_path, long, long, ()), [LANE, LANE], Kills())
    assert sorted(read_status(run) for run in list_runs(tmp_path)) == ["interrupted", "unfinished"]
    assert not multiprocessing.active_children()


def test_one_that_diverges_may_leave_the_others_alone(tmp_path: Path) -> None:
    diverges = (
        "model.layers=[Flatten, {Dense: {units: 8}}, {Dense: {units: 10}}]",
        "train.optimizer={SGD: {learning_rate: 1e30}}",
    )
    both = fits(tmp_path, diverges, ())
    failed, run = fit_side_by_side(both, [LANE], Progress(), keep_going=True)
    assert isinstance(failed, KcnnError) and "the loss became" in failed.message
    assert isinstance(run, RunFolder) and read_status(run) == "finished"


def test_what_fails_before_its_training_stops_all(tmp_path: Path) -> None:
    both = fits(tmp_path, ("train.batch_size=5000",), ())
    with pytest.raises(KcnnError, match=r"^train\.seed=0: .*batch_size"):
        fit_side_by_side(both, [LANE], Progress(), keep_going=True)
    assert list_runs(tmp_path) == []


def test_a_disk_that_fails_a_training_stops_all(tmp_path: Path) -> None:
    class Blocks(Titles):
        def after_epoch(self) -> None:
            (run,) = list_runs(tmp_path)
            blocked = run.checkpoints / "epoch-0150.npz"
            if not blocked.exists():
                write_text(blocked / "in_the_way", "")

    both = fits(tmp_path, ("train.epochs=100000",), ())
    with pytest.raises(KcnnError, match=r"^train\.seed=0: .*epoch-0150\.npz: cannot be written"):
        fit_side_by_side(both, [LANE], Blocks(), keep_going=True)
    assert [read_status(run) for run in list_runs(tmp_path)] == ["failed"]


def test_what_is_refused_is_followed_by_the_other_in_its_place(tmp_path: Path) -> None:
    titles = Titles()
    gone_on_with = {"run": str(tmp_path / "nothing"), "output_dir": tmp_path}
    (begun,) = fits(tmp_path, ())
    first = Fit(begun.title, resume, gone_on_with, begun)
    (run,) = fit_side_by_side([first], [LANE], titles)
    assert isinstance(run, RunFolder) and read_status(run) == "finished"
    assert titles.begun == titles.ended == ["train.seed=0"]
    assert f"nothing: no such run in {tmp_path}; another run takes its place" in titles.notes[0]


def test_two_of_one_name_get_their_own_folders(tmp_path: Path) -> None:
    both = [
        Fit(one.title, one.work, {**one.arguments, "name": FreeName("same")})
        for one in fits(tmp_path, (), ())
    ]
    fit_side_by_side(both, [LANE, LANE], Progress())
    assert [run.path.name for run in list_runs(tmp_path)] == ["same", "same-2"]
    assert {read_status(run) for run in list_runs(tmp_path)} == {"finished"}
