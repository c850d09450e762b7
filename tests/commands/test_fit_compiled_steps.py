"""Steps compiled into one program train as single steps do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.model.saved import load_model
from kcnn.progress import Event, Progress, StepFinished
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics
from kcnn.training import steps_per_execution

RECIPE = """\
name: compiled
data: {dataset: digits, validation: 0}
model:
  layers:
    - Conv2D: {filters: 5, kernel_size: 3, strides: 2, padding: same}
    - LeakyReLU: {negative_slope: 0.02}
    - BatchNormalization
    - Conv2D: {filters: 4, kernel_size: 2, activation: relu}
    - Flatten
    - Dense: {units: 10}
train:
  epochs: 2
  batch_size: 2
  drop_remainder: true
  optimizer: Adam
  learning_rate_schedule: Cosine
  loss: sparse_categorical_crossentropy
"""

pytestmark = pytest.mark.usefixtures("one_plot")


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "compiled.yaml"
    file.write_text(RECIPE, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "settings",
    [
        (),
        pytest.param(
            ("train.optimizer={SGD: {momentum: 0.9}}", "train.loss=CategoricalCrossentropy",
             "train.class_weight={3: 2.0}", "train.learning_rate_multipliers={'*/bias': 2}"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["Adam", "SGD"],
)  # fmt: skip
def test_trains_like_single_steps(
    recipe: Path, settings: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = fit(recipe, settings).run
    monkeypatch.setattr(steps_per_execution, "MIN_STEPS_OF_AN_EPOCH", 10**9)
    single = fit(recipe, settings).run
    weights, same = (load_model(run).get_weights() for run in (together, single))
    for ours, theirs in zip(weights, same, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-2, atol=2e-3)
    assert together.steps.read_bytes() != single.steps.read_bytes()  # else nothing was compiled
    ours, theirs = (np.loadtxt(run.steps, delimiter=",", skiprows=1) for run in (together, single))
    assert ours.shape == theirs.shape == (2 * 718, ours.shape[1])
    np.testing.assert_allclose(ours[:50], theirs[:50], rtol=1e-4)
    for row, expected in zip(read_metrics(together), read_metrics(single), strict=True):
        assert row["accuracy"] == pytest.approx(expected["accuracy"], abs=0.01)
        assert row["learning_rate"] == expected["learning_rate"]


class StopAtStep(Progress):
    """Press Ctrl-C after a step of the first epoch; its newest checkpoint may be older."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last

    def receive(self, event: Event) -> None:
        if isinstance(event, StepFinished) and event.step > self.last:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
def test_resumes_in_the_middle_of_an_epoch_bit_for_bit(
    recipe: Path, assert_same: Callable, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports = "kcnn.training.callbacks.progress_reports"
    monkeypatch.setattr(f"{reports}._SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr(f"{reports}.ProgressReports.async_safe", False)
    settings = (f"train.precision={precision}", "train.checkpoint_every_minutes=1e-9")
    whole = fit(recipe, settings).run
    with pytest.raises(KeyboardInterrupt):
        fit(recipe, settings, name="stopped", progress=StopAtStep(359))
    run = RunFolder(Path("outputs/compiled/stopped"))
    assert [path.name for path in run.checkpoints.glob("*.npz")] == ["epoch-0000-step-000359.npz"]
    assert_same(resume("compiled/stopped").run, whole)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("constant", "older", "batch_size", "last_step"),
    [("MIN_STEPS_OF_AN_EPOCH", 10**9, 2, 359), ("OPERATIONS_PER_EXECUTION", 0, 5, 50)],
    ids=["compiled today", "more steps in an execution today"],
)
def test_goes_on_where_an_older_kcnn_stopped(
    constant: str,
    older: int,
    batch_size: int,
    last_step: int,
    recipe: Path,
    assert_same: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reports = "kcnn.training.callbacks.progress_reports"
    monkeypatch.setattr(f"{reports}._SECONDS_BETWEEN_REPORTS", 0)
    monkeypatch.setattr(f"{reports}.ProgressReports.async_safe", False)
    settings = ("train.checkpoint_every_minutes=1e-9", f"train.batch_size={batch_size}")
    with monkeypatch.context() as context:
        context.setattr(steps_per_execution, constant, older)
        whole = fit(recipe, settings).run
        with pytest.raises(KeyboardInterrupt):
            fit(recipe, settings, name="stopped", progress=StopAtStep(last_step))
    assert_same(resume("compiled/stopped").run, whole)
