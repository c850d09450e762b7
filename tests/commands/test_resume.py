"""A resumed run ends exactly like a run that was never stopped, bit for bit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.evaluate import evaluate
from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.data.digits import read_digits
from kcnn.errors import TrainingError
from kcnn.files.atomic import write_json
from kcnn.files.read import read_json
from kcnn.progress import EpochFinished, Event, Progress, StepFinished
from kcnn.runs.checkpoint import Checkpoint, newest_checkpoint, write_checkpoint
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import read_status, read_summary
from kcnn.training import steps_per_execution as steps
from kcnn.training.callbacks import progress_reports
from kcnn.training.callbacks.best_weights import BestWeights

# Each has another state to go on from.
WAYS: dict[str, tuple[str, ...]] = {
    "schedule": (),
    "EMA": ("train.optimizer={Adam: {learning_rate: 0.01, use_ema: true, ema_momentum: 0.9}}",),
    "early stopping": (
        "train.learning_rate_schedule=null", "train.optimizer={SGD: {learning_rate: 0.8}}",
        "train.early_stopping={monitor: val_loss, patience: 3, min_delta: 1.0, "
        "restore_best_weights: true}",
    ),
    "plateau": (
        "train.learning_rate_schedule={ReduceLROnPlateau: {patience: 1, min_delta: 0.5}}",
        "train.optimizer={SGD: {learning_rate: 0.02, momentum: 0.9}}",
    ),
    "lookahead": (
        "train.lookahead={every: 5, decay: 0.95}", "train.learning_rate_multipliers={'*/bias': 8}",
        "train.optimizer={ConvolutionMuon: {learning_rate: 0.1}}",
    ),
    "without validation": (
        "data.validation=0", "train.precision=mixed_bfloat16",
        "train.sampling=with_replacement", "train.watch_first=50",
    ),
    "mixed_float16": ("train.precision=mixed_float16",),
}  # fmt: skip


pytestmark = pytest.mark.usefixtures("one_plot")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory, tiny_recipe: str) -> Callable[..., RunFolder]:
    """Train without a stop, once for all tests with the same settings. Do not change the run."""
    runs: dict[tuple[object, ...], RunFolder] = {}

    def run_of(*overrides: str) -> RunFolder:
        key = (*overrides, steps.MAX_STEPS)
        if key not in runs:
            folder = tmp_path_factory.mktemp("whole")
            (folder / "tiny.yaml").write_text(tiny_recipe, encoding="utf-8")
            runs[key] = fit(folder / "tiny.yaml", overrides, folder).run
        return runs[key]

    return run_of


class Stop(Progress):
    """Press Ctrl-C between writing the row of an epoch and its checkpoint."""

    def __init__(self, *epochs: int) -> None:
        self.epochs = epochs

    def receive(self, event: Event) -> None:
        """Stop the work at some epochs."""
        if isinstance(event, EpochFinished) and event.epoch in self.epochs:
            raise KeyboardInterrupt


def stopped(recipe: Path, epoch: int, *overrides: str) -> RunFolder:
    with pytest.raises(KeyboardInterrupt):
        fit(recipe, overrides, name="stopped", progress=Stop(epoch))
    return RunFolder(Path("outputs/tiny/stopped"))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_resumed_run_equals_an_uninterrupted_run(tiny: Path, assert_same, whole, way: str) -> None:
    expected = whole(*WAYS[way])
    assert len(read_metrics(expected)) == (4 if way == "early stopping" else 5)
    run = stopped(tiny, 3, *WAYS[way])
    assert [row["epoch"] for row in read_metrics(run)] == [1, 2, 3]
    with pytest.raises(KeyboardInterrupt):
        resume("tiny/stopped", progress=Stop(4))  # again, after the third epoch
    assert_same(resume("tiny/stopped").run, expected)
    after = [
        resumption["after_epoch"]
        for resumption in json.loads(run.environment.read_text())["resumed"]
    ]
    assert after == [2, 3]


class StopAtStep(Progress):
    """Press Ctrl-C in the middle of an epoch."""

    def receive(self, event: Event) -> None:
        """Stop the work after some steps of the third epoch."""
        if isinstance(event, StepFinished) and event.epoch == 3 and event.step > 6:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("way", ["EMA", "lookahead"])
def test_resumes_in_the_middle_of_an_epoch(
    tiny: Path, assert_same, whole, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Write a checkpoint after every step; the uninterrupted fit has none within epochs."""
    monkeypatch.setattr("kcnn.training.callbacks.progress_reports._SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr(
        "kcnn.training.callbacks.progress_reports.ProgressReports.async_safe", False
    )
    monkeypatch.setattr("kcnn.training.steps_per_execution.MAX_STEPS", 1)
    often = (*WAYS[way], "train.checkpoint_every_minutes=1e-9")
    with pytest.raises(KeyboardInterrupt):
        fit(tiny, often, name="stopped", progress=StopAtStep())
    run = RunFolder(Path("outputs/tiny/stopped"))
    names = sorted(path.name for path in run.checkpoints.glob("*.npz"))
    assert names == ["epoch-0002-step-000005.npz", "epoch-0002-step-000006.npz"]
    _took_long(run, seconds=1000)
    result = resume("tiny/stopped")
    assert_same(result.run, whole(*WAYS[way]))
    assert 1000 < result.summary["timings"]["train"] < result.summary["timings"]["total"]
    assert result.summary["timings"]["training_images_per_second"] <= 6
    (again,) = json.loads(run.environment.read_text())["resumed"]
    assert (again["after_epoch"], again["after_step"]) == (2, 6)


def _report_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_reports, "_SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr(progress_reports.ProgressReports, "async_safe", False)


def _took_long(run: RunFolder, seconds: float) -> None:
    """Set how long the current epoch of a run's newest checkpoint has taken."""
    checkpoint = newest_checkpoint(run, Progress())
    assert checkpoint is not None
    checkpoint.parts["MetricsFile"]["begun"]["elapsed"] += seconds
    write_checkpoint(run, checkpoint)


@pytest.mark.slow
def test_repeats_an_epoch_whose_checkpoint_was_lost(
    tiny: Path, assert_same, whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kcnn.training.callbacks.progress_reports._SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr(
        "kcnn.training.callbacks.progress_reports.ProgressReports.async_safe", False
    )
    monkeypatch.setattr("kcnn.training.steps_per_execution.MAX_STEPS", 1)
    expected = whole()
    often = ("train.checkpoint_every_minutes=1e-9",)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny, often, name="stopped", progress=StopAtStep())
    found: list[Checkpoint | None] = []

    def lose_second(run: RunFolder, progress: Progress) -> Checkpoint | None:
        found.append(newest_checkpoint(run, progress))
        return found[0] if len(found) == 2 else found[-1]

    monkeypatch.setattr("kcnn.runs.checkpoint.newest_checkpoint", lose_second)
    monkeypatch.setattr("kcnn.training.train_phases.newest_checkpoint", lose_second)
    assert_same(resume("tiny/stopped").run, expected)
    assert len(found) == 3


@pytest.mark.slow
def test_last_step_of_an_epoch_writes_no_checkpoint(
    tiny: Path, whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stop while the third epoch is validated, after all of its steps."""
    monkeypatch.setattr("kcnn.training.steps_per_execution.MAX_STEPS", 1)
    expected = whole()

    def stop(best: BestWeights, logs: object = None) -> None:
        if best._current == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(BestWeights, "on_test_end", stop)
        fit(tiny, ["train.checkpoint_every_minutes=1e-9"], name="stopped")
    run = RunFolder(Path("outputs/tiny/stopped"))
    assert max(path.name for path in run.checkpoints.glob("*.npz")) == "epoch-0002-step-000017.npz"
    resumed = resume("tiny/stopped").run
    assert resumed.steps.read_bytes() == expected.steps.read_bytes()
    assert resumed.predictions.read_bytes() == expected.predictions.read_bytes()


@pytest.mark.slow
def test_diverged_training_ends_at_once_without_a_checkpoint(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kcnn.training.callbacks.progress_reports._SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr(
        "kcnn.training.callbacks.progress_reports.ProgressReports.async_safe", False
    )
    monkeypatch.setattr("kcnn.training.steps_per_execution.MAX_STEPS", 1)
    wild = [
        "train.optimizer={SGD: {learning_rate: 1e30}}", "train.learning_rate_schedule=null",
        "train.checkpoint_every_minutes=1e-9",
    ]  # fmt: skip
    for course in (lambda: fit(tiny, wild, name="wild"), lambda: resume("tiny/wild")):
        with pytest.raises(TrainingError, match="the loss became"):
            course()
        run = RunFolder(Path("outputs/tiny/wild"))
        assert read_status(run) == "failed"
        assert len(run.steps.read_text().splitlines()) < 1 + 18, "it trained the epoch to its end"
        kept = newest_checkpoint(run, Progress())
        assert kept is not None
        assert all(np.isfinite(variable).all() for variable in kept.variables)


@pytest.mark.slow
def test_run_without_a_checkpoint_starts_again_in_its_folder(tiny: Path, assert_same) -> None:
    run = stopped(tiny, 1, "train.epochs=2")
    assert_same(resume("tiny/stopped").run, fit(tiny, ["train.epochs=2"], name="whole").run)
    assert read_status(run) == "finished"


@pytest.mark.slow
def test_trains_a_finished_run_for_more_epochs(tiny: Path, assert_same) -> None:
    """Use a schedule that does not depend on the number of epochs: the result is the same."""
    constant = "train.learning_rate_schedule=null"
    whole = fit(tiny, [constant], name="whole").run
    run = fit(tiny, [constant, "train.epochs=3"], name="short").run
    assert_same(resume("tiny/short", ["train.epochs=5"]).run, whole)
    assert "epochs: 5" in run.resolved.read_text()
    assert run.recipe.read_bytes() == tiny.read_bytes()


class Fail(Stop):
    """Make the training diverge after some epochs."""

    def receive(self, event: Event) -> None:
        """Fail at some epochs."""
        if isinstance(event, EpochFinished) and event.epoch in self.epochs:
            raise TrainingError("the loss became nan")


@pytest.mark.slow
def test_stopped_extension_keeps_the_former_results(tiny: Path) -> None:
    constant = "train.learning_rate_schedule=null"
    finished = fit(tiny, [constant, "train.epochs=2"], name="short")
    figures = {"status", "epochs", "timings"}
    before = {name: value for name, value in finished.summary.items() if name not in figures}
    with pytest.raises(TrainingError):
        resume("tiny/short", ["train.epochs=5"], progress=Fail(3))
    failed = read_summary(finished.run).values
    assert (failed["status"], failed["epochs"]) == ("failed", 5)
    assert failed["reason"] == "the loss became nan"
    assert before.items() <= failed.items()
    with pytest.raises(KeyboardInterrupt):
        resume("tiny/short", progress=Stop(3))
    stopped = read_summary(finished.run).values
    assert (stopped["status"], stopped["epochs"]) == ("interrupted", 5)
    assert "reason" not in stopped
    assert before.items() <= stopped.items()


@pytest.mark.slow
def test_only_scores_a_training_that_had_ended(tiny: Path, assert_same, whole) -> None:
    expected = whole(*WAYS["EMA"])
    copy = RunFolder(Path("outputs/tiny/copy"))
    shutil.copytree(expected.path, copy.path)
    for name in ("summary.json", "model.keras", "best.keras", "predictions.csv"):
        (copy.path / name).unlink()
    long_ago = "2001-02-03T04:05:06+00:00"
    write_json(copy.environment, {**read_json(copy.environment), "started": long_ago})
    result = resume("tiny/copy")
    assert_same(result.run, expected)
    trained = sum(row["seconds"] for row in read_metrics(copy))
    assert result.summary["timings"]["train"] >= trained  # of both processes
    assert result.summary["started"] == long_ago


@pytest.mark.slow
def test_skips_a_damaged_checkpoint(tiny: Path, assert_same, whole, notes) -> None:
    run = stopped(tiny, 4)
    newest = run.checkpoints / "epoch-0003.npz"
    newest.write_bytes(newest.read_bytes()[:-2000])
    assert_same(resume("tiny/stopped", progress=notes).run, whole())
    assert any(f"{newest}: damaged; trying the one before" in line for line in notes.lines)


@pytest.mark.slow
def test_notes_what_may_change_the_last_digits(tiny: Path, notes) -> None:
    run = stopped(tiny, 3)
    began = read_json(run.environment)
    write_json(run.environment, {**began, "onednn": "another", "training_cores": 99})
    resume("tiny/stopped", progress=notes)
    (note,) = (line for line in notes.lines if line.startswith("not as when the run was started"))
    assert ": onednn, training_cores; its metrics may differ" in note


def test_log_has_the_notes_before_and_after_training(tiny: Path, notes) -> None:
    digits = read_digits()
    known = digits.test.labels < 9
    np.savez(
        "dark.npz",
        x_train=(digits.train.read_all() > 127).astype(np.uint8),
        y_train=digits.train.labels,
        x_test=(digits.test.read_all()[known] > 127).astype(np.uint8),
        y_test=digits.test.labels[known],
    )
    data = f"data={{dataset: npz, path: dark.npz, validation: {len(digits.train) - 20}}}"
    run = fit(tiny, [data, "train.batch_size=32", "train.epochs=2"], progress=notes).run
    resume(overrides=["train.epochs=3"], progress=notes)
    evaluate(None, run.path.parents[1], progress=notes)
    log = run.log.read_text()
    assert "almost black" in log.splitlines()[0]
    assert f"resuming {run.path} after epoch 2" in log
    assert "training: 2 epochs of 1 steps of 20 images" in log
    assert log.count("no test image shows 9") == 2
    missing = [note for note in notes.lines if note.startswith("no test image shows 9")]
    assert len(missing) == 3
