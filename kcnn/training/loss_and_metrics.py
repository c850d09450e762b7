"""Keras's loss and metrics from a recipe."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kcnn.data.labels import THRESHOLD, targets
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
    """Return accuracy and the recipe's further metrics, with their names in metrics.csv.

    Of images with several labels, accuracy is the fraction of right decisions: each class of each
    image is one, yes or no.
    """
    several = plan.has_several_labels
    mixed = any(augmentation.mixes_labels for augmentation in plan.recipe.data.augment)
    metrics = [_accuracy(plan, mixed)]
    for metric in plan.recipe.train.metrics:
        if not isinstance(metric, Accuracy):
            metric_class: type[keras.metrics.Metric] = getattr(keras.metrics, type(metric).__name__)
            if mixed:
                metric_class = _with_main_label(metric_class, several)
            name = snake_case(type(metric).__name__)
            metrics.append(metric_class(name=name, **_arguments(metric, several)))
    return metrics


def decision_threshold(activation: OutputActivation) -> float:
    """Return the output above which one of several labels is predicted: 0 for logits."""
    return 0.0 if activation == "linear" else THRESHOLD


def _accuracy(plan: Plan, mixed: bool) -> keras.metrics.Metric:
    if not plan.has_several_labels:
        sparse = plan.recipe.train.loss.targets == "sparse"
        name = "SparseCategoricalAccuracy" if sparse else "CategoricalAccuracy"
        return getattr(keras.metrics, name)(name="accuracy")
    accuracy: type[keras.metrics.Metric] = keras.metrics.BinaryAccuracy
    if plan.output_activation == "linear":
        accuracy = BinaryAccuracyOfLogits
    return (_with_main_label(accuracy, several=True) if mixed else accuracy)(name="accuracy")


class BinaryAccuracyOfLogits(keras.metrics.BinaryAccuracy):
    """`BinaryAccuracy` of logits, since Keras's takes only thresholds between 0 and 1."""

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Count right decisions: a logit above 0 is a probability above a half."""
        return super().update_state(y_true, keras.ops.sigmoid(y_pred), sample_weight)


def measure(
    plan: Plan, model: keras.Model, outputs: np.ndarray, labels: np.ndarray
) -> dict[str, float]:
    """Compute loss and metrics from predictions, as Keras's `evaluate` would.

    Args:
        plan: The model's plan.
        model: The model that predicted; its regularizers add to the loss.
        outputs: The model's outputs, float32 of shape (images, classes).
        labels: The labels, in one of the forms of `kcnn.data.labels`.

    Returns:
        `loss`, `accuracy` and the recipe's further metrics, by name.
    """
    true = targets(labels, outputs.shape[1], plan.recipe.train.loss.targets == "one_hot")
    loss = float(make_loss(plan)(true, outputs)) + float(sum(model.losses))
    values = {}
    for metric in make_metrics(plan):
        metric.update_state(true, outputs)
        values[metric.name] = float(metric.result())
    return {"loss": loss, **values}


def probabilities(
    outputs: np.ndarray, activation: OutputActivation, several: bool = False
) -> np.ndarray:
    """Return class probabilities: the softmax or sigmoid of logits, else the outputs themselves.

    Args:
        outputs: float32, shape (images, classes).
        activation: The activation of the model's last layer.
        several: Whether an image may have several labels, so that logits need a sigmoid.
    """
    if activation != "linear":
        return outputs
    if several:
        from scipy.special import expit  # here, because few models need it

        return np.asarray(expit(outputs))
    # Without the shift, large logits would become infinite.
    exponentials = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def _with_main_label(
    metric_class: type[keras.metrics.Metric], several: bool
) -> type[keras.metrics.Metric]:
    """Derive a metric that uses only the larger part of a mixed label, as Keras's accuracy does.

    MixUp and CutMix make labels such as 0.99 and 0.01. Some metrics would count both as 1, and
    others neither.

    Args:
        metric_class: Keras's metric.
        several: Whether each part may have several labels.
    """

    class WithMainLabel(metric_class):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            if several:
                main = keras.ops.cast(y_true > 0.5, y_pred.dtype)
            else:
                main = keras.ops.one_hot(keras.ops.argmax(y_true, axis=-1), y_pred.shape[-1])
            return super().update_state(main, y_pred, sample_weight)

    WithMainLabel.__name__ = metric_class.__name__
    return WithMainLabel


def _arguments(metric: Metric, several: bool) -> dict[str, Any]:
    arguments = metric.written()
    if isinstance(metric, F1Score):
        arguments["average"] = metric.average  # with Keras's default, it returns one per class
        if several:
            arguments["threshold"] = THRESHOLD  # without one, the highest output is predicted
    return arguments
