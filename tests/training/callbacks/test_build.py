from __future__ import annotations

from collections.abc import Callable

import keras
import pytest

from kcnn.data.dataset import Images
from kcnn.runs.metrics import read_metrics

# Large steps, after which the accuracy goes up and down.
WILD = ("train.optimizer={SGD: {learning_rate: 3.0}}", "train.epochs=6")
HALF = pytest.param("mixed_float16", marks=pytest.mark.slow)


def evaluated(model: keras.Model, images: Images) -> dict[str, float]:
    return model.evaluate(images.read_all(), images.labels, verbose=0, return_dict=True)


@pytest.mark.parametrize("precision", ["float32", HALF])
def test_reduce_on_plateau_changes_the_next_row(precision: str, trained: Callable) -> None:
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
def test_early_stopping_without_restoring(stopping: str, trained: Callable) -> None:
    result = trained("train.epochs=2", f"train.early_stopping={stopping}")
    assert result.training.restored_epoch is None
    assert result.training.row_of_weights["epoch"] == 2
