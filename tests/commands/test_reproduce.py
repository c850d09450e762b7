"""Reproduce a tiny model on scikit-learn's digits with real seeds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.evaluate import evaluate
from kcnn.commands.fit import fit
from kcnn.commands.reproduce import reproduce
from kcnn.errors import KcnnError, RunError
from kcnn.files.atomic import write_json
from kcnn.files.read import read_json
from kcnn.machine.cores import usable_cores
from kcnn.machine.signals import SECONDS_OF_ONE_PRESS
from kcnn.progress import EpochFinished, Event, Note, Progress, TrialEvent
from kcnn.recipe import read_recipe
from kcnn.runs.find import find_runs
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_status, read_summary
from kcnn.studies import trials
from kcnn.studies.reproduction_report import Reproduction
from kcnn.studies.trials import StudyOptions

TINY = ("train.epochs=1", "model.layers=[Flatten, {Dense: {units: 10}}]")


class Notes(Progress):
    """Keep the notes, and count the epochs."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.epochs = 0

    def receive(self, event: Event) -> None:
        match event:
            case Note(text):
                self.lines.append(text)
            case EpochFinished():
                self.epochs += 1
            case TrialEvent(_, inner):
                self.receive(inner)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, fits_here) -> Path:
    """Make two finished seeds, 5 and 6; `kcnn fit` trains the second."""
    folder = tmp_path_factory.mktemp("outputs")
    notes = Notes()
    with fits_here():
        fit("digits", TINY, folder, seed=6)
        reproduce("digits", 2, TINY, 5, StudyOptions(folder), notes)
    assert notes.lines[0] == "trained before: digits/run-001"
    assert notes.epochs == 1
    return folder


def again(outputs: Path, *overrides: str, seeds: int = 2) -> Reproduction:
    return reproduce("digits", seeds, (*TINY, *overrides), 5, StudyOptions(outputs))


def published(value: float, metric: str = "test_accuracy") -> str:
    return f"published=[{{metric: {metric}, value: {value}, source: a book}}]"


@pytest.mark.slow
def test_a_seed_trained_in_a_process_equals_kcnn_fit(tmp_path: Path) -> None:
    alone = fit("digits", TINY, tmp_path / "fit", seed=5).run
    (seed,) = reproduce("digits", 1, TINY, 5, StudyOptions(tmp_path)).runs
    ours = RunFolder(seed.path)
    assert ours.predictions.read_bytes() == alone.predictions.read_bytes()
    assert ours.resolved.read_bytes() == alone.resolved.read_bytes()


def test_finished_seeds_are_not_trained_again(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "ProcessExecutor", lambda *_: pytest.fail("trained again"))
    result = again(outputs)
    assert [(run.seed, run.run, run.is_reused) for run in result.runs] == [
        (5, "digits/seed-005", True),
        (6, "digits/run-001", True),
    ]
    accuracies = [read_json(run.path / "summary.json")["test"]["accuracy"] for run in result.runs]
    assert next(
        quantity for quantity in result.quantities if quantity.name == "test_accuracy"
    ).values == tuple(accuracies)


@pytest.mark.slow
def test_resumes_a_stopped_seed(tmp_path: Path, assert_same, fits_here) -> None:
    layers = "model.layers=[{Conv2D: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: 10}}]"
    longer = ("train.epochs=3", layers)

    class StopsInTheSecondEpoch(Progress):
        def receive(self, event: Event) -> None:
            if isinstance(event, EpochFinished) and event.epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit("digits", longer, tmp_path, "seed-000", progress=StopsInTheSecondEpoch())
    notes = Notes()
    with fits_here():
        result = reproduce("digits", 1, longer, options=StudyOptions(tmp_path), progress=notes)
    assert notes.lines[0] == "stopped before, now resumed: digits/seed-000"
    assert [run.run for run in result.runs] == ["digits/seed-000"]
    assert_same(RunFolder(result.runs[0].path), fit("digits", longer, tmp_path, "whole").run)


@pytest.mark.slow
def test_trains_a_seed_anew_that_cannot_be_resumed(tmp_path: Path, fits_here) -> None:
    longer = (*TINY, "train.epochs=2")

    class StopsAfterTheFirstEpoch(Notes):
        def receive(self, event: Event) -> None:
            super().receive(event)
            if isinstance(event, EpochFinished) and event.epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit("digits", longer, tmp_path, "seed-000", progress=StopsAfterTheFirstEpoch())
    stopped = RunFolder(tmp_path / "digits" / "seed-000")
    write_json(stopped.environment, {**read_json(stopped.environment), "training_devices": ["GPU"]})
    notes = Notes()
    with fits_here():
        result = reproduce("digits", 1, longer, options=StudyOptions(tmp_path), progress=notes)
    assert [run.run for run in result.runs] == ["digits/seed-000-2"]
    assert notes.epochs == 2
    refused = f"{stopped.path}: was started on GPU, and here CPU:0 would train"
    assert f"{refused}; another run is trained instead" in notes.lines
    assert read_status(stopped) == "interrupted"


@pytest.mark.slow
def test_writes_shows_and_judges_an_augmented_score(tmp_path: Path) -> None:
    settings = (*TINY, "data.test_time_augmentation={shift: 1}",
                published(0.01, "test_augmented_accuracy"))  # fmt: skip
    fitted = fit("digits", settings, tmp_path, seed=5)
    summary = read_json(fitted.run.summary)
    assert list(summary["test_augmented"])[:2] == ["weights", "images"]
    assert summary["test_augmented"]["accuracy"] != summary["test"]["accuracy"]
    result = reproduce("digits", 1, settings, 5, StudyOptions(tmp_path))
    assert [quantity.label for quantity in result.shown][:2] == [
        "test accuracy",
        "augmented test accuracy",
    ]
    (verdict,) = result.verdicts
    assert verdict.quantity.values == (summary["test_augmented"]["accuracy"],)
    again = evaluate(None, tmp_path)
    assert again.accuracy == pytest.approx(summary["test"]["accuracy"], abs=1e-6)
    assert again.augmented["accuracy"] == pytest.approx(
        summary["test_augmented"]["accuracy"], abs=1e-6
    )


def test_a_report_is_not_listed_as_a_run(outputs: Path) -> None:
    result = again(outputs, published(0.99))
    assert {path.name for path in result.folder.iterdir()} == {
        "reproduction.json", "reproduction.md", "reproduction.png",
    }  # fmt: skip
    written = read_json(result.folder / "reproduction.json")
    assert written == json.loads(json.dumps(result.as_json()))
    assert written["published"][0]["verdict"] in ("below", "too few seeds")
    assert "| test_accuracy | 99 % | a book |" in (result.folder / "reproduction.md").read_text()
    assert len(find_runs(outputs)) == 2


class TestCommand:
    def test_explains_what_a_single_seed_cannot_show(self, outputs: Path) -> None:
        done = self.run(outputs, "--seeds", "1", published(0.5))
        assert "too few seeds" in done
        assert "neither agreement nor difference can be concluded; run at least 3" in done
        assert "changed from the recipe: train.epochs=1" in done

    def test_reports_that_nothing_was_published(self, outputs: Path) -> None:
        done = self.run(outputs, "--seeds", "2")
        assert "names no published numbers; there is nothing to hold ours against" in done
        assert "test accuracy" in done

    def test_json(self, outputs: Path) -> None:
        printed = json.loads(self.run(outputs, "--seeds", "2", "--json", published(0.01)))
        assert printed["seeds"] == 2
        assert printed["runs"][0]["was_there"] is True
        assert printed["published"][0]["value"] == 0.01

    @staticmethod
    def run(outputs: Path, *arguments: str) -> str:
        done = CliRunner().invoke(
            cli,
            ["reproduce", "digits", *TINY, "--first-seed", "5", "--output-dir", str(outputs),
             "--quiet", *arguments],
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        return done.stdout


@pytest.mark.parametrize(
    ("timings", "problem"),
    [
        ("x", "timings: expected a mapping, found 'x'"),
        ({"train": "x"}, "timings.train: expected a number, found 'x'"),
        ({"train": -1}, "timings.train: expected a number from 0 to 1e+15, found -1"),
        ({}, "timings.train: missing"),
    ],
)
def test_refuses_a_time_edited_by_hand(timings: object, problem: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_json(run.summary, {"timings": timings})
    trial = trials.Trial("digits", (), 5, "train.seed=5", "seed-005")
    with pytest.raises(RunError) as caught:
        _ = trials.TrialResult(trial, run).seconds
    assert caught.value.message == f"{run.summary}: {problem}"
    assert caught.value.hint == "restore it, or train the run again"


def test_refuses_a_finished_run_with_damaged_timings(outputs: Path, tmp_path: Path) -> None:
    copied = RunFolder(Path(shutil.copytree(outputs, tmp_path / "copied")) / "digits" / "seed-005")
    summary = read_summary(copied).values
    write_json(copied.summary, {**summary, "timings": {"train": "x"}})
    done = CliRunner().invoke(
        cli,
        ["reproduce", "digits", *TINY, "--first-seed", "5", "--seeds", "1",
         "--output-dir", str(tmp_path / "copied"), "--quiet"],
    )  # fmt: skip
    assert done.exit_code == 1
    assert f"{copied.summary}: timings.train: expected a number, found 'x'" in done.stderr


def test_refuses_no_seeds() -> None:
    done = CliRunner().invoke(cli, ["reproduce", "digits", "--seeds", "0"])
    assert done.exit_code == 2
    assert "0 is not in the range x>=1" in done.output


def test_refuses_a_published_number_without_a_metric(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        cli,
        ["reproduce", "digits", "published=[{value: 0.5, source: a book}]",
         "--output-dir", str(tmp_path / "out")],
    )  # fmt: skip
    assert done.exit_code == 1
    assert "published[0].metric" in done.stderr
    assert not (tmp_path / "out").exists()


def test_refuses_to_write_the_report_into_a_run(tmp_path: Path) -> None:
    folder = tmp_path / "digits" / "reproduction"
    folder.mkdir(parents=True)
    (folder / "resolved.yaml").write_bytes(read_recipe("digits").origin.content)
    with pytest.raises(RunError, match="reproduction: is a run, but the report goes there"):
        reproduce("digits", 2, options=StudyOptions(tmp_path))


def test_names_the_seed_that_fails(tmp_path: Path, fits_here) -> None:
    diverges = (
        "model.layers=[Flatten, {Dense: {units: 8}}, {Dense: {units: 10}}]",
        "train.optimizer={SGD: {learning_rate: 1e30}}",
    )
    with fits_here(), pytest.raises(KcnnError, match=r"^train\.seed=4: the loss became"):
        reproduce("digits", 2, (*TINY, *diverges), 4, StudyOptions(tmp_path))


def test_reports_before_training_what_would_fail_with_every_seed(tmp_path: Path) -> None:
    too_many = "train.batch_size=5000"
    with pytest.raises(KcnnError, match=rf"^command line, {too_many}: ") as caught:
        reproduce("digits", 2, (*TINY, too_many), 4, StudyOptions(tmp_path))
    assert caught.value.hint == "write a batch_size of at most 1293"
    assert not (tmp_path / "digits").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at_a_time", "signals", "status"),
    [
        (1, [signal.SIGINT], 130),
        (2, [signal.SIGINT], 130),
        (2, [signal.SIGTERM], 143),
        (2, [signal.SIGTERM, signal.SIGINT], 143),
    ],
)
def test_a_signal_ends_the_processes_that_train(
    at_a_time: int, signals: list[signal.Signals], status: int, tmp_path: Path
) -> None:
    if at_a_time > len(usable_cores()):
        pytest.skip("a training needs a core of its own")
    with _trainings(tmp_path, at_a_time) as process:
        assert process.stderr is not None
        for number in signals:
            process.send_signal(number)
            time.sleep(0.03)
        said = process.stderr.read()  # to its end: no process is left that holds it open
    assert process.returncode == status
    assert "Traceback" not in said
    assert "the same command continues with them" in said
    names = [f"seed-{seed:03d}" for seed in range(at_a_time)]
    assert [run.path.name for run in find_runs(tmp_path)] == names
    assert {read_status(run) for run in find_runs(tmp_path)} == {"interrupted"}
    assert not (tmp_path / "digits" / "reproduction").exists()


@pytest.mark.slow
@pytest.mark.skipif(len(usable_cores()) < 2, reason="a training needs a core of its own")
def test_a_second_ctrl_c_at_once_lets_trials_stop_in_good_order(tmp_path: Path) -> None:
    with _trainings(tmp_path, 2) as process:
        assert process.stderr is not None
        children = list(_children(process))
        for training in children:
            os.kill(training, signal.SIGSTOP)  # so that none has ended when the second comes
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        for training in children:
            os.kill(training, signal.SIGCONT)
        process.stderr.read()
    assert process.returncode == 130
    assert [read_status(run) for run in find_runs(tmp_path)] == ["interrupted"] * 2


@pytest.mark.slow
@pytest.mark.skipif(len(usable_cores()) < 2, reason="a training needs a core of its own")
def test_a_second_ctrl_c_after_a_while_ends_at_once(tmp_path: Path) -> None:
    with _trainings(tmp_path, 2) as process:
        assert process.stderr is not None
        for training in _children(process):
            os.kill(training, signal.SIGSTOP)  # so that none ends in good order
        process.send_signal(signal.SIGINT)
        time.sleep(SECONDS_OF_ONE_PRESS + 0.2)
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert process.returncode == 130
    assert [read_status(run) for run in find_runs(tmp_path)] == ["unfinished"] * 2


@pytest.mark.slow
@pytest.mark.skipif(len(usable_cores()) < 2, reason="a training needs a core of its own")
def test_processes_end_in_good_order_when_their_parent_is_gone(tmp_path: Path) -> None:
    with _trainings(tmp_path, 2) as process:
        assert process.stderr is not None
        process.kill()
        process.stderr.read()  # to its end: no process is left that holds it open
    assert process.returncode == -signal.SIGKILL
    assert [read_status(run) for run in find_runs(tmp_path)] == ["interrupted"] * 2


@contextmanager
def _trainings(folder: Path, at_a_time: int) -> Iterator[subprocess.Popen[str]]:
    """Start long trainings, and wait until each has finished an epoch."""
    command = [sys.executable, "-m", "kcnn", "reproduce", "digits", *TINY, "train.epochs=100000"]
    with subprocess.Popen(
        [*command, "--output-dir", str(folder), "--jobs", str(at_a_time)],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        preexec_fn=_handle_interrupts,
    ) as process:
        assert process.stderr is not None
        training: set[str] = set()
        while len(training) < at_a_time:
            title, _, line = process.stderr.readline().partition(": ")
            training |= {title} if line.startswith("epoch") else set()
        yield process


def _children(process: subprocess.Popen[str]) -> Iterator[int]:
    """Yield the processes that train, but not Python's resource tracker."""
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            yield int(child)


def _handle_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest may run in the background
