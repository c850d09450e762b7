from __future__ import annotations

import re
from collections.abc import Callable

import keras
import pytest

from kcnn.data.dataset import Images
from kcnn.errors import TrainingError
from kcnn.runs.metrics import read_metrics

# Large steps, after which the accuracy goes up and down.
WILD = ("train.optimizer={SGD: {learning_rate: 3.0}}", "train.epochs=6")
DIVERGING = (
    "model.layers=[Flatten, {Dense: {units: 8}}, {Dense: {units: 10}}]",
    "train.optimizer={SGD: {learning_rate: 1e30}}",
)


def header_of(trained) -> str:
    return trained.run.metrics.read_text().splitlines()[0]


def evaluated(model: keras.Model, images: Images) -> dict[str, float]:
    return model.evaluate(images.read_all(), images.labels, verbose=0, return_dict=True)


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


def test_more_metrics_are_further_columns(trained: Callable) -> None:
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


def test_writes_every_metric_for_one_hot_targets(trained: Callable) -> None:
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


def test_the_last_row_is_also_in_the_file(trained: Callable) -> None:
    result = trained()
    assert result.training.row_of_weights == read_metrics(result.run)[-1]
    assert len(result.training.rows) == 3


def test_validation_metrics_are_those_of_the_epoch_s_weights(trained: Callable) -> None:
    result = trained(*WILD)
    scored = evaluated(result.model, result.validation)
    assert result.training.rows[-1]["val_loss"] == pytest.approx(scored["loss"], rel=1e-4)
    assert result.training.rows[-1]["val_accuracy"] == pytest.approx(scored["accuracy"])


def test_writes_the_learning_rate_at_the_start_of_an_epoch(trained: Callable) -> None:
    result = trained(
        "train.optimizer={SGD: {learning_rate: 0.4}}",
        "train.learning_rate_schedule={Step: {epochs: [0.5, 2], factor: 0.5}}",
    )
    rates = [row["learning_rate"] for row in read_metrics(result.run)]
    assert rates == pytest.approx([0.4, 0.2, 0.1])


@pytest.mark.parametrize("validation", [0, 0.2])
def test_stops_if_the_loss_is_not_finite(validation: float, trained, tmp_path) -> None:
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
