"""Score a trained model on the test set, and save it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kcnn.data.dataset import Dataset, Images
from kcnn.model.plan import Plan
from kcnn.model.saved import save_model, save_with_weights
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.text.numbers import six_digits
from kcnn.training.fit import Training
from kcnn.training.loss_and_metrics import measure, probabilities
from kcnn.training.scoring.predict import predict_images
from kcnn.training.scoring.scores import Scores, score
from kcnn.training.scoring.test_time_augmentation import predict_augmented


@dataclass(frozen=True)
class FinalScores:
    """Sections of summary.json: the metrics of a trained model on the test set.

    Args:
        test: Loss, accuracy and further metrics of the last weights.
        best: The best epoch's number, validation accuracy and test metrics; None without
            validation.
        augmented: As `test`, with test-time augmentation and its settings; None if the recipe
            does not ask for it.
    """

    test: dict[str, Any]
    best: dict[str, Any] | None
    augmented: dict[str, Any] | None


def score_and_save(
    plan: Plan,
    model: keras.Model,
    training: Training,
    dataset: Dataset,
    run: RunFolder,
    progress: Progress,
    validation: Images | None = None,
) -> FinalScores:
    """Score the test set with the last weights and with the best, and save both models.

    Args:
        plan: The model's plan.
        model: The model with the last weights; it has them again afterwards.
        training: The result of the training.
        dataset: The dataset, for its test images.
        run: The run, for models and scores.
        progress: Shows how many images are scored.
        validation: The validation images, which choose the thresholds of several labels.

    Raises:
        TrainingError: A prediction is not finite, or memory ran out.
        RunError: The run's folder cannot be written.
    """
    thresholds = _thresholds(plan, model, validation, progress)
    measured, scores = _score(plan, model, dataset, progress, "Scoring the test set", thresholds)
    scores.write(run, dataset.test.names)
    scores.note_missing_classes(progress)
    about = {"weights": _weights_name(plan, training), "images": len(dataset.test)}
    test = {**about, **measured}
    augmented = _score_augmented(plan, model, dataset, progress)
    augmented = augmented and {**about, **augmented}
    saved = save_model(model, run.model)
    if training.best is None:
        return FinalScores(test, None, augmented)
    save_with_weights(saved, training.best.weights, run.best_model)
    last = model.get_weights()
    if not all(map(np.array_equal, last, training.best.weights)):  # else they are scored already
        model.set_weights(training.best.weights)
        measured, _ = _score(plan, model, dataset, progress, "Scoring the best epoch's weights")
        model.set_weights(last)
    best = {"epoch": training.best.epoch, "val_accuracy": _rounded(training.best.accuracy)}
    best |= {f"test_{name}": value for name, value in measured.items()}
    return FinalScores(test, best, augmented)


def _rounded(number: float) -> float:
    return float(six_digits(number))


def _weights_name(plan: Plan, training: Training) -> str:
    """Return which weights the model has: the last, unless early stopping restored others."""
    stopping = plan.recipe.train.early_stopping
    if stopping is not None and training.restored_epoch is not None:
        return f"best {stopping.monitor}"
    return "last"


def _thresholds(
    plan: Plan, model: keras.Model, validation: Images | None, progress: Progress
) -> list[float | None] | None:
    """Return the best threshold of each of several labels on the validation images."""
    if validation is None or not validation.has_several_labels:
        return None
    from kcnn.training.scoring.label_scores import best_thresholds  # imports scikit-learn

    outputs = predict_images(model, validation, progress, "Choosing thresholds")
    found = probabilities(outputs, plan.output_activation, several=True)
    return best_thresholds(found, validation.labels)


def _score(
    plan: Plan,
    model: keras.Model,
    dataset: Dataset,
    progress: Progress,
    title: str,
    thresholds: Sequence[float | None] | None = None,
) -> tuple[dict[str, float], Scores]:
    outputs = predict_images(model, dataset.test, progress, title)
    return _measure(plan, model, outputs, dataset, thresholds)


def _score_augmented(
    plan: Plan, model: keras.Model, dataset: Dataset, progress: Progress
) -> dict[str, Any] | None:
    changes = plan.recipe.data.test_time_augmentation
    if changes is None:
        return None
    outputs = predict_augmented(model, dataset.test, changes, progress)
    measured, _ = _measure(plan, model, outputs, dataset)
    return {**measured, **changes.model_dump()}


def _measure(
    plan: Plan,
    model: keras.Model,
    outputs: np.ndarray,
    dataset: Dataset,
    thresholds: Sequence[float | None] | None = None,
) -> tuple[dict[str, float], Scores]:
    labels = dataset.test.labels
    found = probabilities(outputs, plan.output_activation, dataset.has_several_labels)
    scores = score(found, labels, dataset.class_names, thresholds)
    measured = {**measure(plan, model, outputs, labels), **scores.overall}
    return {name: _rounded(value) for name, value in measured.items()}, scores
