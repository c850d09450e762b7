"""A run that was stopped ends as one that was not, bit for bit."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kcnn.commands.fit import FitResult, fit
from kcnn.commands.plot import plot_runs
from kcnn.commands.resume import resume
from kcnn.errors import KcnnError, RunError, TrainingError
from kcnn.files import read_json, write_json
from kcnn.locks import hold
from kcnn.model.saved import load_model
from kcnn.progress import Progress
from kcnn.runs import RunFolder
from kcnn.training.callbacks import BestWeights
from kcnn.training.checkpoint import newest_checkpoint

RECIPE = """\
name: tiny
data:
  dataset: digits
  validation: 0.2
  augment: [{RandomCrop: {padding: 1}}, AlternatingFlip]
model:
  layers:
    - Conv2D: {filters: 4, kernel_size: 3, activation: gelu}
    - BatchNormalization
    - Flatten
    - Dropout: {rate: 0.3}
    - Dense: {units: 10}
train:
  epochs: 5
  batch_size: 64
  optimizer: {AdamW: {learning_rate: 0.01}}
  learning_rate_schedule: {Cosine: {warmup_epochs: 1}}
  loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}
"""
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
TIMES = {"seconds", "timings", "started", "run"}


class Stop(Progress):
    """Presses Ctrl-C when an epoch's row was written and its checkpoint not yet."""

    def __init__(self, *epochs: int) -> None:
        self.epochs = epochs

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Stops the work at some epochs."""
        if epoch in self.epochs:
            raise KeyboardInterrupt


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    return tmp_path / "tiny.yaml"


def stopped(recipe: Path, epoch: int, *overrides: str) -> RunFolder:
    with pytest.raises(KeyboardInterrupt):
        fit(recipe, overrides, name="stopped", progress=Stop(epoch))
    return RunFolder(Path("outputs/tiny/stopped"))


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_times(one) for name, one in value.items() if name not in TIMES}
    return value


def assert_same(one: RunFolder, other: RunFolder) -> None:
    """Every file that says what came of a training is the same, apart from times."""
    for name in ("steps.csv", "predictions.csv", "per_class.csv", "confusion.csv"):
        assert (one.path / name).read_bytes() == (other.path / name).read_bytes(), name
    rows, others = (list(map(without_times, run.read_metrics())) for run in (one, other))
    assert rows == others
    assert without_times(one.read_summary()) == without_times(other.read_summary())
    for name in ("model.keras", "best.keras"):
        assert (one.path / name).exists() == (other.path / name).exists()
        if (one.path / name).exists():
            models = [load_model(run.path / name) for run in (one, other)]
            for ours, theirs in zip(*(model.get_weights() for model in models), strict=True):
                np.testing.assert_array_equal(ours, theirs)
    with np.load(one.filters) as ours, np.load(other.filters) as theirs:
        for moment in ("before", "after"):
            np.testing.assert_array_equal(ours[moment], theirs[moment])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_resumed_run_ends_as_one_that_was_never_stopped(tiny: Path, way: str) -> None:
    whole = fit(tiny, WAYS[way], name="whole").run
    assert len(whole.read_metrics()) == (4 if way == "early stopping" else 5)
    run = stopped(tiny, 3, *WAYS[way])
    assert [row["epoch"] for row in run.read_metrics()] == [1, 2, 3]
    with pytest.raises(KeyboardInterrupt):
        resume("tiny/stopped", progress=Stop(4))  # again, after the third epoch
    assert_same(resume("tiny/stopped").run, whole)
    after = [one["after_epoch"] for one in json.loads(run.environment.read_text())["resumed"]]
    assert after == [2, 3]


class StopAtStep(Progress):
    """Presses Ctrl-C in the middle of an epoch."""

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Stops the work once some steps of the third epoch are done."""
        if epoch == 3 and step > 6:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("way", ["EMA", "lookahead"])
def test_a_long_epoch_goes_on_from_the_middle(
    tiny: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a checkpoint after every step; the fit without a stop has none within epochs."""
    monkeypatch.setattr("kcnn.training.callbacks._SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr("kcnn.training.callbacks.ProgressReports.async_safe", False)
    monkeypatch.setattr("kcnn.training.steps.MOST_STEPS", 1)
    whole = fit(tiny, WAYS[way], name="whole").run
    often = (*WAYS[way], "train.checkpoint_every_minutes=1e-9")
    with pytest.raises(KeyboardInterrupt):
        fit(tiny, often, name="stopped", progress=StopAtStep())
    run = RunFolder(Path("outputs/tiny/stopped"))
    names = sorted(path.name for path in run.checkpoints.glob("*.npz"))
    assert names == ["epoch-0002-step-000005.npz", "epoch-0002-step-000006.npz"]
    assert_same(resume("tiny/stopped").run, whole)
    (again,) = json.loads(run.environment.read_text())["resumed"]
    assert (again["after_epoch"], again["after_step"]) == (2, 6)


@pytest.mark.slow
def test_an_epoch_s_last_step_leaves_no_checkpoint_within_it(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped while the third epoch is validated, when all of its steps are done."""
    monkeypatch.setattr("kcnn.training.steps.MOST_STEPS", 1)
    whole = fit(tiny, name="whole").run

    def stop(best: BestWeights, logs: object = None) -> None:
        if best._current == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(BestWeights, "on_test_end", stop)
        fit(tiny, ["train.checkpoint_every_minutes=1e-9"], name="stopped")
    run = RunFolder(Path("outputs/tiny/stopped"))
    assert max(path.name for path in run.checkpoints.glob("*.npz")) == "epoch-0002-step-000017.npz"
    resumed = resume("tiny/stopped").run
    assert resumed.steps.read_bytes() == whole.steps.read_bytes()
    assert resumed.predictions.read_bytes() == whole.predictions.read_bytes()


@pytest.mark.slow
def test_a_diverged_training_ends_at_once_and_leaves_no_checkpoint_of_it(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kcnn.training.callbacks._SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr("kcnn.training.callbacks.ProgressReports.async_safe", False)
    monkeypatch.setattr("kcnn.training.steps.MOST_STEPS", 1)
    wild = [
        "train.optimizer={SGD: {learning_rate: 1e30}}", "train.learning_rate_schedule=null",
        "train.checkpoint_every_minutes=1e-9",
    ]  # fmt: skip
    for course in (lambda: fit(tiny, wild, name="wild"), lambda: resume("tiny/wild")):
        with pytest.raises(TrainingError, match="the loss became"):
            course()
        run = RunFolder(Path("outputs/tiny/wild"))
        assert run.status() == "failed"
        assert len(run.steps.read_text().splitlines()) < 1 + 18, "it trained the epoch to its end"
        kept = newest_checkpoint(run, Progress())
        assert kept is not None
        assert all(np.isfinite(one).all() for one in kept.state["variables"])


@pytest.mark.slow
def test_a_run_without_a_checkpoint_begins_anew_in_its_folder(tiny: Path) -> None:
    run = stopped(tiny, 1, "train.epochs=2")
    assert_same(resume("tiny/stopped").run, fit(tiny, ["train.epochs=2"], name="whole").run)
    assert run.status() == "finished"


@pytest.mark.slow
def test_a_finished_run_goes_on_with_more_epochs(tiny: Path) -> None:
    """With a schedule that counts no epochs, as if all had been meant at first."""
    constant = "train.learning_rate_schedule=null"
    whole = fit(tiny, [constant], name="whole").run
    run = fit(tiny, [constant, "train.epochs=3"], name="short").run
    assert_same(resume("tiny/short", ["train.epochs=5"]).run, whole)
    assert "epochs: 5" in run.resolved.read_text()
    assert run.recipe.read_text() == RECIPE


@pytest.mark.slow
def test_training_that_had_ended_is_only_scored(tiny: Path) -> None:
    whole = fit(tiny, WAYS["EMA"], name="whole").run
    copy = RunFolder(whole.path.with_name("copy"))
    shutil.copytree(whole.path, copy.path)
    for name in ("summary.json", "model.keras", "best.keras", "predictions.csv"):
        (copy.path / name).unlink()
    long_ago = "2001-02-03T04:05:06+00:00"
    write_json(copy.environment, {**read_json(copy.environment), "started": long_ago})
    result = resume("tiny/copy")
    assert_same(result.run, whole)
    trained = sum(row["seconds"] for row in copy.read_metrics())
    assert result.summary["timings"]["train"] >= trained  # of both processes
    assert result.summary["started"] == long_ago


@pytest.mark.slow
def test_a_damaged_checkpoint_is_passed_over(tiny: Path, notes) -> None:
    whole = fit(tiny, [], name="whole").run
    run = stopped(tiny, 4)
    newest = run.checkpoints / "epoch-0003.npz"
    newest.write_bytes(newest.read_bytes()[:-2000])
    assert_same(resume("tiny/stopped", progress=notes).run, whole)
    assert any(f"{newest}: damaged; looking at the one before" in line for line in notes.lines)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(RECIPE, encoding="utf-8")
    return fit(folder / "tiny.yaml", ["train.epochs=3"], output_dir=folder / "outputs")


@pytest.fixture
def own(finished: FitResult, tmp_path: Path) -> RunFolder:
    """A copy of a finished run that a test may damage."""
    shutil.copytree(finished.run.path, tmp_path / "outputs" / "tiny" / "run-001")
    return RunFolder(tmp_path / "outputs" / "tiny" / "run-001")


def _unlike(run: RunFolder, **changes: object) -> None:
    environment = json.loads(run.environment.read_text())
    run.environment.write_text(json.dumps(environment | changes))


def _damage(run: RunFolder) -> None:
    for path in run.checkpoints.glob("*.npz"):
        path.write_bytes(b"PK nothing")


@pytest.mark.parametrize(
    ("prepare", "overrides", "message"),
    [
        (None, [], "finished after epoch 3; all its epochs are done"),
        (None, ["train.epochs=2"], "train.epochs=2, but 3 epochs are done"),
        (None, ["train.batch_size=32", "train.epochs=9"],
         "train.batch_size cannot change when a run goes on"),
        (_damage, ["train.epochs=9"], "every checkpoint in it is damaged"),
        (lambda run: _unlike(run, training_devices=["GPU:0", "GPU:1"]), ["train.epochs=9"],
         "began on GPU:0, GPU:1, and here CPU:0 would train"),
        (lambda run: shutil.rmtree(run.checkpoints), [], "without a checkpoint to go on from"),
    ],
)  # fmt: skip
def test_what_cannot_go_on_is_refused_and_left_alone(
    own: RunFolder, prepare: Callable[[RunFolder], None] | None, overrides: list[str], message: str
) -> None:
    if prepare:
        prepare(own)
    before = {path: path.read_bytes() for path in own.path.rglob("*") if path.is_file()}
    with pytest.raises(KcnnError) as caught:
        resume(str(own.path), overrides)
    assert message in caught.value.message
    after = {path: path.read_bytes() for path in own.path.rglob("*") if path.is_file()}
    after.pop(own.checkpoints / "lock", None)
    before.pop(own.checkpoints / "lock", None)
    assert after == before


def test_other_images_are_refused(own: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from kcnn.commands.job import Job

    monkeypatch.setattr(Job, "images_digest", lambda job: "another")
    with pytest.raises(RunError, match="was trained on other images than those that are here now"):
        resume(str(own.path), ["train.epochs=4"])


def test_another_network_s_checkpoint_is_refused(own: RunFolder) -> None:
    text = own.resolved.read_text()
    own.resolved.write_text(text.replace("filters: 4", "filters: 6"))
    with pytest.raises(RunError, match="not the settings that the run began with"):
        resume(str(own.path), ["train.epochs=4"])


def change_state(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Changes what a checkpoint says, and leaves the archive whole."""
    with np.load(path) as archive:
        arrays = dict(archive)
    state = json.loads(arrays["tree.json"].tobytes())
    change(state)
    arrays["tree.json"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
    np.savez(path, **arrays)


def _npy(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "an array alone": _npy,
    "no zip": lambda path: path.write_bytes(b"nothing"),
    "empty": lambda path: path.write_bytes(b""),
    "nothing said": lambda path: change_state(path, dict.clear),
    "about a list": lambda path: change_state(path, lambda state: state.update(about=[])),
    "other rows": lambda path: change_state(
        path, lambda state: state["parts"]["MetricsFile"]["rows"].pop()
    ),
    "no arrays": lambda path: change_state(path, lambda state: state.update(variables=[1, "x"])),
    "no such array": lambda path: change_state(
        path, lambda state: state["variables"].append({"tree.json": ["x"]})
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_checkpoint_that_is_none_is_passed_over(own: RunFolder, damage: str, notes) -> None:
    newest, before = own.checkpoints / "epoch-0003.npz", own.checkpoints / "epoch-0002.npz"
    DAMAGES[damage](newest)
    DAMAGES[damage](before)
    with pytest.raises(RunError, match="every checkpoint in it is damaged"):
        resume(str(own.path), ["train.epochs=4"], progress=notes)
    assert notes.lines == [
        f"{path}: damaged; looking at the one before" for path in (newest, before)
    ]


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state["variables"].pop(),
        lambda state: state["parts"].pop("StepLosses"),
        lambda state: state["parts"]["StepLosses"].update(losses=[1, 2]),
        lambda state: state["parts"]["MetricsFile"].update(rows=[{"epoch": 10**400}] * 3),
        lambda state: state["parts"]["BestWeights"].update(weights=5),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(own: RunFolder, change) -> None:
    change_state(own.checkpoints / "epoch-0003.npz", change)
    with pytest.raises(RunError, match="does not fit the recipe of this run"):
        resume(str(own.path), ["train.epochs=4"])


@pytest.mark.parametrize("precision", [None, "float8", 7])
def test_an_environment_without_a_precision_is_refused(own: RunFolder, precision: object) -> None:
    _unlike(own, precision=precision)
    with pytest.raises(RunError, match=r"environment\.json: precision is"):
        resume(str(own.path), ["train.epochs=4"])


def test_a_lock_that_is_no_file_is_told(own: RunFolder) -> None:
    own.lock.unlink(missing_ok=True)
    own.lock.mkdir()
    with pytest.raises(RunError, match="lock: cannot be written"):
        resume(str(own.path), ["train.epochs=4"])


def test_a_run_that_another_process_trains_is_left_to_it(own: RunFolder) -> None:
    with hold(own), pytest.raises(RunError, match="another process is training this run"):
        resume(str(own.path), ["train.epochs=4"])


def test_only_two_checkpoints_are_kept(finished: FitResult) -> None:
    names = {path.name for path in finished.run.checkpoints.iterdir()}
    assert names - {"lock"} == {"epoch-0002.npz", "epoch-0003.npz"}


@pytest.mark.slow
def test_a_disk_that_is_full_at_every_size_loses_nothing(tiny: Path, small_disk: Path) -> None:
    """With a little more room each time, the run gets a little farther, until it is whole."""
    whole = fit(tiny, name="whole").run
    run = RunFolder(small_disk / "tiny" / "run-001")
    messages = set()
    for kilobytes in range(8, 2000, 24):
        options = f"remount,size={kilobytes}k"
        subprocess.run(["mount", "-o", options, str(small_disk)], check=True)
        try:
            if run.status() == "finished":  # there was no room for its pictures
                plot_runs([str(run.path)], small_disk, "png", [], None, Progress())
            elif run.resolved.is_file():
                resume(str(run.path), output_dir=small_disk)
            else:
                shutil.rmtree(run.path, ignore_errors=True)
                fit(tiny, output_dir=small_disk)
            break
        except RunError as error:
            messages.add(error.message.removeprefix(f"{run.path}/"))
            needs = r"(it needs about [\d,]+ kB; )?"
            assert re.match(rf"{needs}[\d,]+ kB are free; make room", error.hint), error.hint
            if error.message.partition(":")[0].endswith((".npz", ".csv", ".json", "model.keras")):
                assert "it needs about" in error.hint or "filters.npz" in error.message
    assert_same(run, whole)
    assert len(messages) > 5, messages
    assert all(message.endswith("cannot be written: No space left on device")
               for message in messages)  # fmt: skip


# Kills itself at the n-th of the calls by which files become whole.
KILLED = """\
import os, pathlib, signal, sys
left = int(sys.argv.pop(1))
def counted(function):
    def call(*arguments, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return call
os.fsync, pathlib.Path.replace = counted(os.fsync), counted(pathlib.Path.replace)
import numpy
numpy.savez = counted(numpy.savez)
from kcnn.__main__ import main
main()
"""


def kcnn(folder: Path, *arguments: str, kill_at: int = 0) -> subprocess.Popen[str]:
    start = ["-c", KILLED, str(kill_at)] if kill_at else ["-m", "kcnn"]
    return subprocess.Popen(
        [sys.executable, *start, "fit", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_no_finished_epoch(
    tiny: Path, pytestconfig: pytest.Config
) -> None:
    """Half of the kills come at a random time, half while a file is being made whole."""
    kills = pytestconfig.getoption("--kills")
    way = (*WAYS["lookahead"], "train.epochs=6")
    whole = fit(tiny, way, name="whole").run
    draw = random.Random(kills)
    run, count = RunFolder(tiny.parent / "outputs" / "tiny" / "killed"), 0
    while count < kills:
        shutil.rmtree(run.path, ignore_errors=True)
        arguments: tuple[str, ...] = ("tiny.yaml", *way, "--name", "killed")
        for _ in range(2):
            done = _killed(kcnn, tiny.parent, arguments, draw)
            count += 1
            if run.resolved.is_file():
                arguments = ("--resume", "tiny/killed")
            else:
                shutil.rmtree(run.path, ignore_errors=True)
            if done:
                break
        if run.status() != "finished":
            last = kcnn(tiny.parent, *arguments)
            _, errors = last.communicate(timeout=120)
            assert last.returncode == 0, errors
        assert_same(run, whole)
        left = [path for path in run.path.rglob(".*.*") if path.parent != run.plots]
        assert not left, "a temporary file is left"


def _killed(
    start: Callable[..., subprocess.Popen[str]],
    folder: Path,
    arguments: tuple[str, ...],
    draw: random.Random,
) -> bool:
    """Runs kcnn and kills it; says whether it was done before that."""
    if draw.random() < 0.5:
        process = start(folder, *arguments, kill_at=draw.randint(1, 60))
    else:
        process = start(folder, *arguments)
        time.sleep(draw.uniform(3, 12))
        process.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode in (0, -signal.SIGKILL), errors
    return process.returncode == 0


def test_a_name_cannot_be_given_to_a_run_that_goes_on(tiny: Path) -> None:
    process = kcnn(tiny.parent, "--resume", "--name", "other")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--name: a run that goes on keeps its own" in errors
