from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.progress import Progress
from kcnn.runs.scores import read_predictions
from kcnn.training.scoring.final_scores import FinalScores, score_and_save
from kcnn.training.scoring.scores import score

WILD = ("train.optimizer={SGD: {learning_rate: 3.0}}", "train.epochs=6", "train.seed=3")


def final_scores(result: Any, digits: Dataset) -> FinalScores:
    return score_and_save(
        result.plan, result.model, result.training, digits, result.run, Progress()
    )


def test_saves_and_scores_the_last_and_best_weights(trained: Callable, digits: Dataset) -> None:
    result = trained(*WILD)
    last = result.model.get_weights()
    training, run = result.training, result.run
    scores = final_scores(result, digits)
    assert scores.best is not None
    assert scores.best["epoch"] == training.best.epoch < 6
    assert (scores.test["weights"], scores.test["images"]) == ("last", 360)
    assert scores.test["accuracy"] != scores.best["test_accuracy"]
    for path, expected, accuracy in (
        (run.model, last, scores.test["accuracy"]),
        (run.best_model, training.best.weights, scores.best["test_accuracy"]),
    ):
        model = keras.saving.load_model(path)
        for weights, same in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(weights, same)
        predictions = model.predict(digits.test.read_all(), verbose=0).argmax(axis=1)
        assert np.mean(predictions == digits.test.labels) == pytest.approx(accuracy, abs=1e-6)
    for weights, same in zip(result.model.get_weights(), last, strict=True):
        np.testing.assert_array_equal(weights, same)


def test_saves_no_best_weights_without_validation(trained: Callable, digits: Dataset) -> None:
    result = trained("data.validation=0", "train.epochs=1")
    scores = score_and_save(
        result.plan, result.model, result.training, digits, result.run, Progress()
    )
    assert scores.best is None
    assert result.run.model.is_file()
    assert not result.run.best_model.exists()


def test_predictions_have_the_files_of_the_images(trained: Callable, digits: Dataset) -> None:
    class NamedImages(MemoryImages):
        names = tuple(f"{label}/{index}.png" for index, label in enumerate(digits.test.labels))

    result = trained("data.validation=0", "train.epochs=1")
    test = NamedImages(digits.test.read_all(), digits.test.labels)
    final_scores(result, replace(digits, test=test))
    assert tuple(read_predictions(result.run).files or ()) == NamedImages.names


AUGMENTED = "data.test_time_augmentation={flip: horizontal, shift: 1}"
ONE_EPOCH = ("data.validation=0", "train.epochs=1")


def averaged_by_hand(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Average logits as airbench94 does, all images at once."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")

    def both_ways(views: np.ndarray) -> np.ndarray:
        flipped = views[:, :, ::-1]
        return (model.predict(views, verbose=0) + model.predict(flipped, verbose=0)) / 2

    shifted = both_ways(padded[:, :-2, :-2]) + both_ways(padded[:, 2:, 2:])
    return both_ways(images) / 2 + shifted / 4


def test_test_time_augmentation_has_its_own_scores(trained: Callable, digits: Dataset) -> None:
    plain = trained(*ONE_EPOCH)
    expected = score_and_save(
        plain.plan, plain.model, plain.training, digits, plain.run, Progress()
    )
    assert expected.augmented is None
    result = trained(*ONE_EPOCH, AUGMENTED)
    scores = score_and_save(
        result.plan, result.model, result.training, digits, result.run, Progress()
    )
    assert scores.test == expected.test
    assert result.run.predictions.read_bytes() == plain.run.predictions.read_bytes()
    assert result.run.confusion.read_bytes() == plain.run.confusion.read_bytes()
    logits = averaged_by_hand(result.model, digits.test.read_all())
    labels = digits.test.labels
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    accuracy = np.mean(logits.argmax(axis=1) == labels)
    assert accuracy != scores.test["accuracy"]
    further = {
        name: pytest.approx(value, abs=1e-5)
        for name, value in score(probabilities, labels, digits.class_names).overall.items()
    }
    assert further.keys() == {"balanced_accuracy", "macro_f1", "top_5_accuracy"}
    assert scores.augmented == {
        **further,
        "weights": "last",
        "images": 360,
        "loss": pytest.approx(-np.log(probabilities[np.arange(360), labels]).mean(), rel=1e-4),
        "accuracy": pytest.approx(accuracy, abs=1e-5),
        "flip": "horizontal",
        "shift": 1,
    }


def test_a_missing_setting_means_none(trained: Callable, digits: Dataset) -> None:
    result = trained(*ONE_EPOCH, "data.test_time_augmentation={shift: 2}")
    scores = score_and_save(
        result.plan, result.model, result.training, digits, result.run, Progress()
    )
    assert (scores.augmented["flip"], scores.augmented["shift"]) == (None, 2)


def test_augmented_scores_are_of_the_last_weights(trained: Callable, digits: Dataset) -> None:
    result = trained(*WILD, AUGMENTED)
    scores = score_and_save(
        result.plan, result.model, result.training, digits, result.run, Progress()
    )
    predictions = averaged_by_hand(
        keras.saving.load_model(result.run.model), digits.test.read_all()
    ).argmax(axis=1)
    accuracy = np.mean(predictions == digits.test.labels)
    assert scores.augmented["accuracy"] == pytest.approx(accuracy, abs=1e-5)
