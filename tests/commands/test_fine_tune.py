"""A run that fine-tunes an Application: its files, and that it resumes bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.errors import RecipeError, RunError
from kcnn.progress import EpochFinished, Event, Note, Progress
from kcnn.recipe import read_recipe
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics

RECIPE = """\
name: few
data: {dataset: npz, path: few.npz, scaling: none, validation: 8}
model:
  layers:
    - Application: {name: MobileNetV2, alpha: 0.35, weights: none, trainable: false}
    - GlobalAveragePooling2D
    - Dropout: {rate: 0.2}
    - Dense: {units: 2}
train:
  epochs: 2
  batch_size: 8
  optimizer: {Adam: {learning_rate: 0.01}}
  learning_rate_schedule: Cosine
  fine_tune: {epochs: 2, unfreeze: 20, learning_rate: 1e-3}
"""

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_plot")]


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recipe for a few images of two classes, in the current folder."""
    monkeypatch.chdir(tmp_path)
    random, labels = np.random.default_rng(0), np.arange(40) % 2
    pixels = random.integers(0, 128, (40, 32, 32, 3)) + 64 * labels[:, None, None, None]
    parts = {"x_train": pixels[:32], "y_train": labels[:32], "x_test": pixels[32:]}
    np.savez("few.npz", **{k: v.astype(np.uint8) for k, v in parts.items()}, y_test=labels[32:])
    Path("few.yaml").write_text(RECIPE, encoding="utf-8")
    return Path("few.yaml")


class Stop(Progress):
    """Collect notes and titles; press Ctrl-C before the checkpoint of an epoch."""

    def __init__(self, epoch: int | None = None) -> None:
        self.epoch = epoch
        self.notes: list[str] = []

    def receive(self, event: Event) -> None:
        """Stop the work at the epoch."""
        if isinstance(event, Note):
            self.notes.append(event.text)
        if isinstance(event, EpochFinished) and event.epoch == self.epoch:
            raise KeyboardInterrupt


def _assert_same(run: RunFolder, expected: RunFolder) -> None:
    assert run.steps.read_bytes() == expected.steps.read_bytes()
    assert run.predictions.read_bytes() == expected.predictions.read_bytes()
    newest = sorted(path.name for path in expected.checkpoints.glob("*.npz"))[-1]
    ours, theirs = (np.load(one.checkpoints / newest) for one in (run, expected))
    assert len(ours.files) == len(theirs.files)
    for name in set(ours.files) - {"tree.json"}:
        np.testing.assert_array_equal(ours[name], theirs[name])


def test_both_phases_are_recorded_and_resumed_bit_for_bit(
    few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    display = Stop()
    whole = fit(few, name="whole", progress=display)
    rows = read_metrics(whole.run)
    assert [row["phase"] for row in rows] == [1, 1, 2, 2]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert rows[2]["learning_rate"] == rows[3]["learning_rate"] == 0.001
    summary = json.loads(whole.run.summary.read_text())
    assert summary["epochs"] == 4
    assert '"phase": 2\n' in whole.run.summary.read_text()  # a whole number
    assert summary["fine_tuning"]["after_epoch"] == 2
    assert summary["fine_tuning"]["trainable_parameters"] > summary["trainable_parameters"]
    assert any(note.startswith("fine-tuning: ") for note in display.notes)

    for epoch in (2, 3, 4):  # within the first phase, before its end was kept, and in the second
        with pytest.raises(KeyboardInterrupt):
            fit(few, name=f"stopped-{epoch}", progress=Stop(epoch))
        _assert_same(resume(f"few/stopped-{epoch}").run, whole.run)

    monkeypatch.setattr("kcnn.training.train_phases.last_frozen", lambda plan: None)
    _assert_same(fit(few, name="without-features").run, whole.run)


def test_fine_tuning_goes_on_for_more_epochs(few: Path) -> None:
    fit(few, ["train.fine_tune.epochs=1"], name="first")
    with pytest.raises(RunError, match=r"train\.epochs cannot change after fine-tuning has begun"):
        resume("few/first", ["train.epochs=3"])
    with pytest.raises(RunError, match="all its epochs are done"):
        resume("few/first")
    longer = resume("few/first", ["train.fine_tune.epochs=2"]).run
    _assert_same(longer, fit(few, name="whole").run)


def test_early_stopping_ends_each_phase_by_itself(few: Path) -> None:
    stopping = "train.early_stopping={monitor: loss, patience: 1, min_delta: 100}"
    overrides = ["train.epochs=5", "train.fine_tune.epochs=5", stopping]
    rows = read_metrics(fit(few, overrides, name="early").run)
    assert [row["phase"] for row in rows] == [1, 1, 2, 2]


def test_only_what_is_frozen_can_be_fine_tuned(few: Path) -> None:
    with pytest.raises(RecipeError, match="no Application"):
        read_recipe(few, ["model.layers=[Flatten, {Dense: {units: 2}}]"])
    with pytest.raises(RecipeError, match="trained from the start"):
        read_recipe(few, ["model.layers[0].Application.trainable=true"])
