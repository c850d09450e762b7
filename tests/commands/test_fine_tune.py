"""A run that fine-tunes an Application: its files, and that it resumes bit for bit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.errors import RecipeError, RunError
from kcnn.progress import Progress
from kcnn.recipe import read_recipe
from kcnn.runs.checkpoint import newest_checkpoint
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

COMPUTED_ONCE = (
    "the features of frozen layers up to global_average_pooling2d are computed once; the epochs "
    "before fine-tuning train on them"
)

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


def variables(run: RunFolder) -> Sequence[np.ndarray]:
    """Return the variables of the model and its optimizer in a run's newest checkpoint."""
    checkpoint = newest_checkpoint(run, Progress())
    assert checkpoint is not None
    return checkpoint.variables


def test_both_phases_are_recorded_and_resumed_bit_for_bit(
    few: Path, notes, stop_at, assert_same, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fit(few, name="whole", progress=notes)
    rows = read_metrics(whole.run)
    assert [row["phase"] for row in rows] == [1, 1, 2, 2]
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert rows[2]["learning_rate"] == rows[3]["learning_rate"] == 0.001
    summary = json.loads(whole.run.summary.read_text())
    assert summary["epochs"] == 4
    assert '"phase": 2\n' in whole.run.summary.read_text()  # a whole number
    assert summary["fine_tuning"]["after_epoch"] == 2
    assert summary["fine_tuning"]["trainable_parameters"] > summary["trainable_parameters"]
    assert any(line.startswith("fine-tuning: ") for line in notes.lines)
    assert COMPUTED_ONCE in notes.lines
    assert summary["timings"]["epochs_on_features"] == 2

    for epoch in (2, 3, 4):  # within the first phase, before its end was kept, and in the second
        with pytest.raises(KeyboardInterrupt):
            fit(few, name=f"stopped-{epoch}", progress=stop_at(epoch))
        notes.lines.clear()
        resumed = resume(f"few/stopped-{epoch}", progress=notes)
        assert_same(resumed.run, whole.run)
        np.testing.assert_equal(variables(resumed.run), variables(whole.run))
        assert (COMPUTED_ONCE in notes.lines) == (epoch == 2)  # else nothing trains on them
        assert resumed.summary["timings"]["epochs_on_features"] == 2

    monkeypatch.setattr("kcnn.training.train_phases.fit_into_memory", lambda *_: False)
    without_features = fit(few, name="without-features", progress=notes)
    assert any("do not fit into a quarter of the free memory" in line for line in notes.lines)
    assert_same(without_features.run, whole.run)
    np.testing.assert_equal(variables(without_features.run), variables(whole.run))
    assert "epochs_on_features" not in without_features.summary["timings"]


def test_fine_tuning_goes_on_for_more_epochs(few: Path, assert_same) -> None:
    fit(few, ["train.fine_tune.epochs=1"], name="first")
    with pytest.raises(RunError, match=r"train\.epochs cannot change after fine-tuning has begun"):
        resume("few/first", ["train.epochs=3"])
    with pytest.raises(RunError, match="all its epochs are done"):
        resume("few/first")
    longer = resume("few/first", ["train.fine_tune.epochs=2"]).run
    whole = fit(few, name="whole").run
    assert_same(longer, whole)
    np.testing.assert_equal(variables(longer), variables(whole))


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
