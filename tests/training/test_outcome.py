from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kcnn.data.dataset import Dataset
from kcnn.model.saved import load_model
from kcnn.progress import Progress
from kcnn.training.outcome import conclude, short

WILD = ("train.optimizer={SGD: {learning_rate: 3.0}}", "train.epochs=6", "train.seed=3")


def test_six_digits() -> None:
    assert short(1 / 3) == 0.333333
    assert short(123456.789) == 123457.0


def test_last_and_best_weights_are_saved_and_scored(trained: Callable, digits: Dataset) -> None:
    result = trained(*WILD)
    last = result.model.get_weights()
    training, run = result.training, result.run
    outcome = conclude(result.plan, result.model, training, digits, run, Progress())
    assert outcome.best is not None
    assert outcome.best["epoch"] == training.best.epoch < 6
    assert (outcome.test["weights"], outcome.test["images"]) == ("last", 360)
    assert outcome.test["accuracy"] != outcome.best["test_accuracy"]
    for path, expected, accuracy in (
        (run.model, last, outcome.test["accuracy"]),
        (run.best_model, training.best.weights, outcome.best["test_accuracy"]),
    ):
        model = load_model(path)
        for weights, same in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(weights, same)
        answers = model.predict(digits.test.images, verbose=0).argmax(axis=1)
        assert np.mean(answers == digits.test.labels) == pytest.approx(accuracy, abs=1e-6)
    for weights, same in zip(result.model.get_weights(), last, strict=True):
        np.testing.assert_array_equal(weights, same)


def test_without_validation_there_is_no_best(trained: Callable, digits: Dataset) -> None:
    result = trained("data.validation=0", "train.epochs=1")
    outcome = conclude(result.plan, result.model, result.training, digits, result.run, Progress())
    assert outcome.best is None
    assert result.run.model.is_file()
    assert not result.run.best_model.exists()
