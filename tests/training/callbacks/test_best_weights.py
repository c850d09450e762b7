from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from kcnn.data.dataset import Images

# Large steps, after which the accuracy goes up and down.
WILD = ("train.optimizer={SGD: {learning_rate: 3.0}}", "train.epochs=6")
EMA = "train.optimizer={Adam: {learning_rate: 0.3, use_ema: true, ema_momentum: 0.9}}"
HALF = pytest.param("mixed_float16", marks=pytest.mark.slow)


def evaluated(model: keras.Model, images: Images) -> dict[str, float]:
    return model.evaluate(images.read_all(), images.labels, verbose=0, return_dict=True)


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
def test_keeps_the_weights_of_the_best_epoch(settings: tuple[str, ...], trained: Callable) -> None:
    result = trained(*settings, "train.seed=3")
    accuracies = [row["val_accuracy"] for row in result.training.rows]
    best = result.training.best
    assert best.epoch == int(np.argmax(accuracies)) + 1
    assert best.accuracy == pytest.approx(max(accuracies))
    assert best.epoch < len(accuracies), "this training is of no use for the test"
    result.model.set_weights(best.weights)
    assert evaluated(result.model, result.validation)["accuracy"] == pytest.approx(best.accuracy)


@pytest.mark.parametrize("precision", ["float32", HALF])
def test_scores_and_keeps_averaged_weights(precision: str, trained: Callable) -> None:
    result = trained(EMA, f"train.precision={precision}")
    averages = result.model.optimizer
    averages = getattr(averages, "inner_optimizer", averages)._model_variables_moving_average
    for weight, average in zip(result.model.trainable_variables, averages, strict=True):
        np.testing.assert_array_equal(weight.numpy(), average.numpy())
    scored = evaluated(result.model, result.validation)
    assert result.training.rows[-1]["val_loss"] == pytest.approx(scored["loss"], rel=1e-3)
