"""Keras's loss and metrics from a recipe."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from scipy import special

from kcnn.model.plan import OutputActivation, Plan
from kcnn.recipe.kinds import snake_case
from kcnn.recipe.losses import Accuracy, F1Score, Metric


def make_loss(plan: Plan) -> keras.losses.Loss:
    """Makes the loss; a network that ends in logits is taken at its word.

    Args:
        plan: The network and its recipe.
    """
    loss = plan.recipe.train.loss
    arguments = loss.written()
    if loss.takes_logits:
        arguments.setdefault("from_logits", plan.output_activation == "linear")
    return getattr(keras.losses, type(loss).__name__)(**arguments)


def make_metrics(plan: Plan) -> list[keras.metrics.Metric]:
    """Makes accuracy and the metrics the recipe adds, named as in metrics.csv."""
    sparse = plan.recipe.train.loss.targets == "sparse"
    accuracy = (
        keras.metrics.SparseCategoricalAccuracy if sparse else keras.metrics.CategoricalAccuracy
    )
    mixed = any(augmentation.mixes_labels for augmentation in plan.recipe.data.augment)
    return [
        accuracy(name="accuracy"),
        *(
            _metric_class(metric, mixed)(
                name=snake_case(type(metric).__name__), **_arguments(metric)
            )
            for metric in plan.recipe.train.metrics
            if not isinstance(metric, Accuracy)
        ),
    ]


def _metric_class(metric: Metric, mixed: bool) -> type[keras.metrics.Metric]:
    kind: type[keras.metrics.Metric] = getattr(keras.metrics, type(metric).__name__)
    return _of_the_heavier_label(kind) if mixed else kind


def _of_the_heavier_label(kind: type[keras.metrics.Metric]) -> type[keras.metrics.Metric]:
    """Derives a metric that takes of mixed labels the heavier one, as Keras's accuracy does.

    Some metrics would count a class that is mixed in at one per cent as a whole one.
    """

    class OfTheHeavierLabel(kind):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            heavier = keras.ops.one_hot(keras.ops.argmax(y_true, axis=-1), y_pred.shape[-1])
            return super().update_state(heavier, y_pred, sample_weight)

    OfTheHeavierLabel.__name__ = kind.__name__
    return OfTheHeavierLabel


def measure(
    plan: Plan, model: keras.Model, outputs: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Computes loss and metrics of outputs that were computed before, as `evaluate` would.

    Args:
        plan: The network and its recipe.
        model: The model the outputs are of; its regularizers add to the loss.
        outputs: float32, shape (images, classes).
        labels: Class numbers, shape (images,).

    Returns:
        `loss`, `accuracy` and the recipe's further metrics by name.
    """
    sparse = plan.recipe.train.loss.targets == "sparse"
    targets = labels if sparse else np.eye(outputs.shape[1], dtype=np.float32)[labels]
    loss = float(make_loss(plan)(targets, outputs)) + float(sum(model.losses))
    values = {}
    for metric in make_metrics(plan):
        metric.update_state(targets, outputs)
        values[metric.name] = float(metric.result())
    return {"loss": loss, **values}


def probabilities(outputs: np.ndarray, activation: OutputActivation) -> np.ndarray:
    """Turns a network's outputs into class probabilities; those of softmax and sigmoid they are.

    Args:
        outputs: float32, shape (images, classes).
        activation: What the network did to its last sums.
    """
    return special.softmax(outputs, axis=1) if activation == "linear" else outputs


def _arguments(metric: Metric) -> dict[str, Any]:
    arguments = metric.written()
    if isinstance(metric, F1Score):
        arguments["average"] = metric.average  # Keras's default gives a number for each class
    return arguments
