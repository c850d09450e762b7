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
    """Return the recipe's loss; it takes logits if the model's last layer has no activation.

    Args:
        plan: The model's plan.
    """
    loss = plan.recipe.train.loss
    arguments = loss.written()
    if loss.takes_logits:
        arguments.setdefault("from_logits", plan.output_activation == "linear")
    return getattr(keras.losses, type(loss).__name__)(**arguments)


def make_metrics(plan: Plan) -> list[keras.metrics.Metric]:
    """Return accuracy and the recipe's further metrics, with their names in metrics.csv."""
    sparse = plan.recipe.train.loss.targets == "sparse"
    accuracy = (
        keras.metrics.SparseCategoricalAccuracy if sparse else keras.metrics.CategoricalAccuracy
    )
    mixed = any(augmentation.mixes_labels for augmentation in plan.recipe.data.augment)
    metrics = [accuracy(name="accuracy")]
    for metric in plan.recipe.train.metrics:
        if not isinstance(metric, Accuracy):
            name = snake_case(type(metric).__name__)
            metrics.append(_metric_class(metric, mixed)(name=name, **_arguments(metric)))
    return metrics


def measure(
    plan: Plan, model: keras.Model, outputs: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Compute loss and metrics from predictions, as Keras's `evaluate` would.

    Args:
        plan: The model's plan.
        model: The model that predicted; its regularizers add to the loss.
        outputs: The model's outputs, float32 of shape (images, classes).
        labels: Class indices, shape (images,).

    Returns:
        `loss`, `accuracy` and the recipe's further metrics, by name.
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
    """Return class probabilities: the softmax of logits, else the outputs themselves.

    Args:
        outputs: float32, shape (images, classes).
        activation: The activation of the model's last layer.
    """
    return special.softmax(outputs, axis=1) if activation == "linear" else outputs


def _metric_class(metric: Metric, mixed: bool) -> type[keras.metrics.Metric]:
    metric_class: type[keras.metrics.Metric] = getattr(keras.metrics, type(metric).__name__)
    return _with_main_label(metric_class) if mixed else metric_class


def _with_main_label(metric_class: type[keras.metrics.Metric]) -> type[keras.metrics.Metric]:
    """Derive a metric that uses only the larger part of a mixed label, as Keras's accuracy does.

    MixUp and CutMix make labels such as 0.99 and 0.01. Some metrics would count both as 1.
    """

    class WithMainLabel(metric_class):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            main = keras.ops.one_hot(keras.ops.argmax(y_true, axis=-1), y_pred.shape[-1])
            return super().update_state(main, y_pred, sample_weight)

    WithMainLabel.__name__ = metric_class.__name__
    return WithMainLabel


def _arguments(metric: Metric) -> dict[str, Any]:
    arguments = metric.written()
    if isinstance(metric, F1Score):
        arguments["average"] = metric.average  # with Keras's default, it returns one per class
    return arguments
