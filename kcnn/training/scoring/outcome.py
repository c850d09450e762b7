"""What a training came to: the test set scored once a set of weights, the models saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from kcnn.data.dataset import Dataset
from kcnn.model.plan import Plan
from kcnn.model.saved import save_model
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.scores import write_confusion, write_per_class, write_predictions
from kcnn.text.numbers import six_digits
from kcnn.training.fit import Training
from kcnn.training.loss_and_metrics import measure, probabilities
from kcnn.training.scoring.scoring import Scores, answer_images, score
from kcnn.training.scoring.test_time_augmentation import average_answers


@dataclass(frozen=True)
class Outcome:
    """How the weights did on the test set.

    Args:
        test: Loss, accuracy and further metrics of the weights after the last epoch.
        best: The best epoch's number, validation accuracy and test metrics; None without
            validation.
        augmented: As `test`, of answers averaged over flips and shifts, and which; None where the
            recipe asks for none.
    """

    test: dict[str, Any]
    best: dict[str, Any] | None
    augmented: dict[str, Any] | None


def conclude(
    plan: Plan,
    model: keras.Model,
    training: Training,
    dataset: Dataset,
    run: RunFolder,
    progress: Progress,
) -> Outcome:
    """Saves the models and scores the test set, with the last weights and with the best.

    Args:
        plan: The network and its recipe.
        model: The model with the last weights; it has them again afterwards.
        training: What training left.
        dataset: The data set, for its test images.
        run: Where models and scores go.
        progress: Hears of images scored.

    Raises:
        TrainingError: An answer is not finite, or memory ran out.
        RunError: The run's folder cannot be written.
    """
    measured, scores = _score(plan, model, dataset, progress, "Scoring the test set")
    write_per_class(run, scores.per_class)
    write_confusion(run, scores.confusion)
    write_predictions(run, scores.predictions)
    scores.note_missing_classes(progress)
    about = {"weights": _weights_left(plan, training), "images": len(dataset.test)}
    test = {**about, **measured}
    averaged = _score_augmented(plan, model, dataset, progress)
    augmented = averaged and {**about, **averaged}
    save_model(model, run.model)
    if training.best is None:
        return Outcome(test, None, augmented)
    last = model.get_weights()
    model.set_weights(training.best.weights)
    save_model(model, run.best_model)
    measured, _ = _score(plan, model, dataset, progress, "Scoring the best epoch's weights")
    model.set_weights(last)
    best = {"epoch": training.best.epoch, "val_accuracy": _rounded(training.best.accuracy)}
    best |= {f"test_{name}": value for name, value in measured.items()}
    return Outcome(test, best, augmented)


def _rounded(number: float) -> float:
    return float(six_digits(number))


def _weights_left(plan: Plan, training: Training) -> str:
    """Says which weights training left in the model: the last, unless early stopping swapped."""
    stopping = plan.recipe.train.early_stopping
    if stopping is not None and training.restored_epoch is not None:
        return f"best {stopping.monitor}"
    return "last"


def _score(
    plan: Plan, model: keras.Model, dataset: Dataset, progress: Progress, title: str
) -> tuple[dict[str, float], Scores]:
    outputs = answer_images(model, dataset.test.images, progress, title)
    measured = _measure(plan, model, outputs, dataset)
    chances = probabilities(outputs, plan.output_activation)
    return measured, score(chances, dataset.test.labels, dataset.class_names)


def _score_augmented(
    plan: Plan, model: keras.Model, dataset: Dataset, progress: Progress
) -> dict[str, Any] | None:
    changes = plan.recipe.data.test_time_augmentation
    if changes is None:
        return None
    outputs = average_answers(model, dataset.test.images, changes, progress)
    return {**_measure(plan, model, outputs, dataset), **changes.model_dump()}


def _measure(
    plan: Plan, model: keras.Model, outputs: np.ndarray, dataset: Dataset
) -> dict[str, float]:
    measured = measure(plan, model, outputs, dataset.test.labels)
    return {name: _rounded(value) for name, value in measured.items()}
