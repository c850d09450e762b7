"""Checkpoints while a dense layer is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from kcnn.errors import KcnnError, RunError
from kcnn.runs.checkpoint import Checkpoint, Origin, newest_checkpoint
from kcnn.runs.folder import RunFolder
from kcnn.training.callbacks.checkpoints import Checkpoints, FrequentCheckpoints
from kcnn.training.callbacks.resumable import KerasCallbackState, Resumable, parts_of

ORIGIN = Origin("0123", "{}", None)
POINTS = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
VALUES = POINTS @ np.array([[2.0], [-1.0]], np.float32)


class MetricsFile(Resumable):
    """Keep the losses, like the real callback of that name."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.rows.append({"loss": float(logs["loss"])})

    def state(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def restore(self, state: dict[str, Any]) -> None:
        self.rows = list(state["rows"])


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path)
    folder.checkpoints.mkdir()
    return folder


def make_model(units: int = 1, seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units)])
    model.compile(keras.optimizers.Adam(0.1), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def fit(
    model: keras.Model,
    run: RunFolder,
    epochs: int,
    resumed: Checkpoint | None = None,
    kind: Callable[..., Checkpoints] = Checkpoints,
    callbacks: tuple[keras.callbacks.Callback, ...] = (),
) -> list[dict[str, float]]:
    """Train in batches of two, three steps an epoch; return the losses."""
    file = MetricsFile()
    before = [*callbacks, file]
    model.fit(
        POINTS, VALUES, batch_size=2, shuffle=False, verbose=0, epochs=epochs,
        initial_epoch=resumed.epoch if resumed else 0,
        callbacks=[*before, kind(run, parts_of(before), ORIGIN, resumed)],
    )  # fmt: skip
    return file.rows


def variables_of(model: keras.Model) -> list[np.ndarray]:
    return [np.array(variable) for variable in [*model.variables, *model.optimizer.variables]]


def assert_equal(model: keras.Model, other: keras.Model) -> None:
    for array, expected in zip(variables_of(model), variables_of(other), strict=True):
        np.testing.assert_array_equal(array, expected)


def test_a_resumed_training_equals_an_uninterrupted_training(
    run: RunFolder, tmp_path: Path, notes
) -> None:
    whole, begun, resumed = make_model(), make_model(), make_model(seed=1)
    losses = fit(whole, RunFolder(tmp_path / "whole"), 4)
    fit(begun, run, 2)
    found = newest_checkpoint(run, notes)
    assert (found.epoch, found.origin, found.is_stopped) == (2, ORIGIN, False)
    assert fit(resumed, run, 4, found) == losses
    assert_equal(resumed, whole)
    assert newest_checkpoint(run, notes).epoch == 4


def test_a_new_training_restores_nothing(run: RunFolder) -> None:
    model, plain = make_model(), make_model()
    fit(model, run, 1)
    plain.fit(POINTS, VALUES, batch_size=2, shuffle=False, verbose=0)
    assert_equal(model, plain)


def test_a_checkpoint_records_early_stopping(run: RunFolder, notes) -> None:
    stops = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=1e9)
    fit(make_model(), run, 9, callbacks=(stops,))
    found = newest_checkpoint(run, notes)
    assert (found.epoch, found.is_stopped) == (2, True)
    assert found.parts["EarlyStopping"]["wait"] == 1


@pytest.mark.parametrize("units", [2, 3])
def test_refuses_the_checkpoint_of_another_model(run: RunFolder, units: int, notes) -> None:
    fit(make_model(), run, 1)
    model = make_model(units)
    before = variables_of(model)
    with pytest.raises(RunError) as caught:
        fit(model, run, 2, newest_checkpoint(run, notes))
    assert caught.value.message == f"{run.checkpoints}: does not fit the recipe of this run"
    assert caught.value.hint == "restore the run's folder, or train it again: kcnn fit"
    for array, former in zip(variables_of(model), before, strict=True):
        np.testing.assert_array_equal(array, former)


def test_raises_the_error_of_a_part_unchanged(run: RunFolder, notes, monkeypatch) -> None:
    fit(make_model(), run, 1)

    def refuse(self: MetricsFile, state: dict[str, Any]) -> None:
        raise KcnnError("metrics.csv: cannot be written")

    monkeypatch.setattr(MetricsFile, "restore", refuse)
    with pytest.raises(KcnnError, match=r"^metrics\.csv: cannot be written"):
        fit(make_model(), run, 2, newest_checkpoint(run, notes))


def test_writes_frequent_checkpoints_after_each_step_but_the_last(run: RunFolder) -> None:
    written: list[str] = []

    def kind(*arguments: Any) -> Checkpoints:
        made = FrequentCheckpoints(0, *arguments)
        write = made._write

        def noted(checkpoint: Checkpoint) -> None:
            written.append(checkpoint.position)
            write(checkpoint)

        made._write = noted
        return made

    fit(make_model(), run, 2, kind=kind)
    assert written == [
        "epoch 0 and 1 steps", "epoch 0 and 2 steps", "epoch 1",
        "epoch 1 and 1 steps", "epoch 1 and 2 steps", "epoch 2",
    ]  # fmt: skip


def test_writes_no_checkpoint_within_an_epoch_before_it_is_due(run: RunFolder) -> None:
    fit(make_model(), run, 2, kind=lambda *arguments: FrequentCheckpoints(60, *arguments))
    assert sorted(path.name for path in run.checkpoints.glob("*.npz")) == [
        "epoch-0001.npz", "epoch-0002.npz",
    ]  # fmt: skip


class StopAtStep(keras.callbacks.Callback):
    """Press Ctrl-C after two steps of the second epoch, when its checkpoint is written."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if (self.epoch, batch) == (1, 2):
            raise KeyboardInterrupt


def test_restores_running_metrics_within_an_epoch(run: RunFolder, notes) -> None:
    model = make_model()
    with pytest.raises(KeyboardInterrupt):
        fit(model, run, 2, None, lambda *some: FrequentCheckpoints(0, *some), (StopAtStep(),))
    found = newest_checkpoint(run, notes)
    assert (found.epoch, found.step) == (1, 2)
    other = make_model(seed=1)
    other.fit(POINTS, VALUES, verbose=0)
    resuming = Checkpoints(run, {}, ORIGIN, found)
    resuming.set_model(other)
    for variable in other.metrics_variables:
        variable.assign(keras.ops.zeros_like(variable))
    resuming.on_epoch_begin(1)
    for restored, saved in zip(other.metrics_variables, model.metrics_variables, strict=True):
        np.testing.assert_array_equal(restored, saved)
    assert any(np.array(metric).any() for metric in other.metrics_variables)


def test_parts_are_the_callbacks_with_a_state() -> None:
    file, stops = MetricsFile(), keras.callbacks.EarlyStopping("loss")
    slows = keras.callbacks.ReduceLROnPlateau("loss")
    parts = parts_of([keras.callbacks.TerminateOnNaN(), file, stops, slows])
    assert list(parts) == ["MetricsFile", "EarlyStopping", "ReduceLROnPlateau"]
    assert parts["MetricsFile"] is file


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (keras.callbacks.EarlyStopping,
         {"wait": 3, "stopped_epoch": 0, "best": 0.25, "best_epoch": 4, "best_weights": [POINTS]}),
        (keras.callbacks.ReduceLROnPlateau, {"wait": 2, "best": 0.5, "cooldown_counter": 1}),
    ],
)  # fmt: skip
def test_the_state_of_keras_callbacks(kind, state: dict[str, Any]) -> None:
    callback = kind("loss")
    callback.on_train_begin()
    KerasCallbackState(callback).restore(state)
    assert {name: getattr(callback, name) for name in state} == state
    assert KerasCallbackState(callback).state() == state


def test_restored_statistics_of_pixels_are_in_use(run: RunFolder, notes) -> None:
    """Keras computes with copies of them, which nothing but its own loading renews."""

    def normalizing() -> keras.Model:
        layers = [keras.Input((2,)), keras.layers.Normalization(), keras.layers.Dense(1)]
        model = keras.Sequential(layers)
        model.compile(keras.optimizers.Adam(0.1), "mse", jit_compile=False)
        model.optimizer.build(model.trainable_variables)
        return model

    model = normalizing()
    model.layers[0].adapt(10 + POINTS)
    fit(model, run, epochs=1)
    resumed = normalizing()
    fit(resumed, run, epochs=1, resumed=newest_checkpoint(run, notes))
    np.testing.assert_array_equal(resumed(POINTS), model(POINTS))
