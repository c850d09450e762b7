from __future__ import annotations

import re
from collections.abc import Callable

import keras
import numpy as np
import pytest

from kcnn.data.dataset import Images
from kcnn.errors import TrainingError
from kcnn.progress import (
    EpochFinished,
    Event,
    Progress,
    StepFinished,
    TrainingFinished,
    TrainingStarted,
)
from kcnn.runs.metrics import read_metrics

# Big steps, after which the accuracy goes up and down.
WILD = ("train.optimizer={SGD: {learning_rate: 3.0}}", "train.epochs=6")
DIVERGING = (
    "model.layers=[Flatten, {Dense: {units: 8}}, {Dense: {units: 10}}]",
    "train.optimizer={SGD: {learning_rate: 1e30}}",
)
EMA = "train.optimizer={Adam: {learning_rate: 0.3, use_ema: true, ema_momentum: 0.9}}"

HALF = pytest.param("mixed_float16", marks=pytest.mark.slow)


class Recorder(Progress):
    """Record the events of a training."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def receive(self, event: Event) -> None:
        self.events.append(event)


def evaluated(model: keras.Model, images: Images) -> dict[str, float]:
    return model.evaluate(images.images, images.labels, verbose=0, return_dict=True)


def header_of(trained) -> str:
    return trained.run.metrics.read_text().splitlines()[0]


def test_metrics_file_byte_for_byte(trained: Callable) -> None:
    file = trained("train.epochs=2", "train.optimizer={SGD: {learning_rate: 0.5}}").run.metrics
    content = file.read_bytes().decode()
    number = r"[0-9.]+(e-\d\d)?"
    assert re.fullmatch(
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds\n"
        rf"1(,{number}){{4}},0\.5,\d+\.\d{{3}}" + "\n"
        rf"2(,{number}){{4}},0\.5,\d+\.\d{{3}}" + "\n",
        content,
    )


def test_metrics_file_without_validation(trained: Callable) -> None:
    result = trained("data.validation=0", "train.epochs=1")
    assert header_of(result) == "epoch,loss,accuracy,learning_rate,seconds"
    assert result.training.best is None


def test_further_metrics_follow(trained: Callable) -> None:
    result = trained(
        "train.epochs=1",
        "train.metrics=[{SparseTopKCategoricalAccuracy: {k: 2}}]",
    )
    assert header_of(result) == (
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate,seconds,"
        "sparse_top_k_categorical_accuracy,val_sparse_top_k_categorical_accuracy"
    )
    row = read_metrics(result.run)[0]
    assert row["accuracy"] < row["sparse_top_k_categorical_accuracy"] <= 1


def test_every_metric_for_one_hot_targets(trained: Callable) -> None:
    result = trained(
        "train.epochs=1",
        "data.validation=0",
        "model.layers=[Flatten, {Dense: {units: 10, activation: softmax}}]",
        "train.loss=categorical_crossentropy",
        "train.metrics=[Precision, Recall, AUC, F1Score, {TopKCategoricalAccuracy: {k: 2}}]",
    )
    assert header_of(result) == (
        "epoch,loss,accuracy,learning_rate,seconds,precision,recall,auc,f1_score,"
        "top_k_categorical_accuracy"
    )


def test_the_last_row_is_the_one_of_the_file(trained: Callable) -> None:
    result = trained()
    assert result.training.row_of_weights == read_metrics(result.run)[-1]
    assert len(result.training.rows) == 3


def test_validation_metrics_are_those_of_the_weights(trained: Callable) -> None:
    result = trained(*WILD)
    scored = evaluated(result.model, result.validation)
    assert result.training.rows[-1]["val_loss"] == pytest.approx(scored["loss"], rel=1e-4)
    assert result.training.rows[-1]["val_accuracy"] == pytest.approx(scored["accuracy"])


def test_the_rate_is_the_one_an_epoch_began_with(trained: Callable) -> None:
    result = trained(
        "train.optimizer={SGD: {learning_rate: 0.4}}",
        "train.learning_rate_schedule={Step: {epochs: [0.5, 2], factor: 0.5}}",
    )
    rates = [row["learning_rate"] for row in read_metrics(result.run)]
    assert rates == pytest.approx([0.4, 0.2, 0.1])


@pytest.mark.parametrize("precision", ["float32", HALF])
def test_reduce_on_plateau_shows_in_the_next_row(precision: str, trained: Callable) -> None:
    result = trained(
        "train.optimizer={SGD: {learning_rate: 0.4}}",
        "train.learning_rate_schedule={ReduceLROnPlateau: "
        "{monitor: accuracy, min_delta: 2.0, patience: 1, factor: 0.5}}",
        "train.epochs=4",
        f"train.precision={precision}",
    )
    rates = [row["learning_rate"] for row in read_metrics(result.run)]
    assert rates == pytest.approx([0.4, 0.4, 0.2, 0.1])
    assert float(result.model.optimizer.learning_rate) == pytest.approx(0.05)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(WILD, id="plain"),
        pytest.param((EMA, "train.epochs=6"), id="averaged"),
        pytest.param(
            (EMA, "train.epochs=6", "train.precision=mixed_float16"),
            id="averaged and scaled",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_best_weights_are_those_of_the_best_epoch(
    settings: tuple[str, ...], trained: Callable
) -> None:
    result = trained(*settings, "train.seed=3")
    accuracies = [row["val_accuracy"] for row in result.training.rows]
    best = result.training.best
    assert best.epoch == int(np.argmax(accuracies)) + 1
    assert best.accuracy == pytest.approx(max(accuracies))
    assert best.epoch < len(accuracies), "this training is of no use for the test"
    result.model.set_weights(best.weights)
    assert evaluated(result.model, result.validation)["accuracy"] == pytest.approx(best.accuracy)


@pytest.mark.parametrize("precision", ["float32", HALF])
def test_averaged_weights_are_scored_and_kept(precision: str, trained: Callable) -> None:
    result = trained(EMA, f"train.precision={precision}")
    averages = result.model.optimizer
    averages = getattr(averages, "inner_optimizer", averages)._model_variables_moving_average
    for weight, average in zip(result.model.trainable_variables, averages, strict=True):
        np.testing.assert_array_equal(weight.numpy(), average.numpy())
    scored = evaluated(result.model, result.validation)
    assert result.training.rows[-1]["val_loss"] == pytest.approx(scored["loss"], rel=1e-3)


def test_early_stopping_stops(trained: Callable) -> None:
    result = trained(
        "train.optimizer={SGD: {learning_rate: 1e-30}}",
        "train.early_stopping={patience: 1}",
        "train.epochs=9",
    )
    assert len(read_metrics(result.run)) == 2


def test_early_stopping_restores_the_best_weights(trained: Callable) -> None:
    result = trained(
        *WILD,
        "train.early_stopping={patience: 9, restore_best_weights: true}",
    )
    losses = [row["val_loss"] for row in result.training.rows]
    assert min(losses) < losses[-1], "this training is of no use for the test"
    scored = evaluated(result.model, result.validation)
    assert scored["loss"] == pytest.approx(min(losses), rel=1e-4)
    restored = result.training.restored_epoch
    assert restored == losses.index(min(losses)) + 1
    row = result.training.row_of_weights
    assert row == read_metrics(result.run)[restored - 1]
    assert row["val_loss"] == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize(
    "stopping", ["{patience: 9}", "{restore_best_weights: true, start_from_epoch: 99}"]
)
def test_early_stopping_that_restores_nothing(stopping: str, trained: Callable) -> None:
    result = trained("train.epochs=2", f"train.early_stopping={stopping}")
    assert result.training.restored_epoch is None
    assert result.training.row_of_weights["epoch"] == 2


@pytest.mark.parametrize("validation", [0, 0.2])
def test_a_loss_that_is_no_number_stops(validation: float, trained, tmp_path) -> None:
    with pytest.raises(TrainingError) as caught:
        trained(*DIVERGING, f"data.validation={validation}")
    assert re.fullmatch(
        r"the loss became (nan|inf) in epoch 1, at step [123] of the training "
        r"\(learning rate 1e\+30\)",
        caught.value.message,
    )
    assert "learning rate ten times lower" in caught.value.hint
    (metrics,) = tmp_path.glob("tiny/*/metrics.csv")
    assert len(metrics.read_text().splitlines()) == 2


def test_events_of_steps_and_epochs(trained: Callable) -> None:
    recorder = Recorder()
    trained("train.epochs=2", progress=recorder)
    events = [event for event in recorder.events if not isinstance(event, StepFinished)]
    assert StepFinished in map(type, recorder.events)
    assert events[0] == TrainingStarted(2, 18, 64)
    assert [event.epoch for event in events if isinstance(event, EpochFinished)] == [1, 2]
    assert events[-1] == TrainingFinished()


def test_a_failed_training_reports_its_end(trained: Callable) -> None:
    recorder = Recorder()
    with pytest.raises(TrainingError):
        trained(*DIVERGING, progress=recorder)
    assert recorder.events[-1] == TrainingFinished()
