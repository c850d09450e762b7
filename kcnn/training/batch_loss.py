"""The loss of one training batch in float64, with everything except the weights held constant."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from kcnn.data.dataset import Images
from kcnn.data.labels import targets
from kcnn.model.plan import Plan
from kcnn.training.loss_and_metrics import make_loss


class BatchLoss:
    """The training loss of one batch as a function of the weights alone.

    Args:
        plan: The model's plan; its recipe names the loss.
        model: The model built from it, in float64.
        images: The batch.
    """

    def __init__(self, plan: Plan, model: keras.Model, images: Images) -> None:
        one_hot = plan.recipe.train.loss.targets == "one_hot"
        classes = plan.shapes[plan.nodes[-1].name][0]
        loss = make_loss(plan)
        self._loss = type(loss).from_config({**loss.get_config(), "dtype": "float64"})
        self._model = model
        self._images = tf.constant(images.read_all(), tf.float64)
        self._targets = tf.constant(_in_float64(targets(images.labels, classes, one_hot)))
        # Moving averages, and the seed states of dropout and noise. A forward pass changes them, so
        # each starts from these values: the same numbers are drawn every time.
        self._constants = [
            (variable.value, tf.constant(variable.value))
            for variable in model.non_trainable_variables
        ]
        self._compiled = tf.function(self._compute)

    def _compute(self) -> tf.Tensor:
        for variable, value in self._constants:
            variable.assign(value)
        outputs = self._model(self._images, training=True)
        return tf.add_n([self._loss(self._targets, outputs), *self._model.losses])

    def with_gradients(self, indices: Sequence[np.ndarray]) -> tuple[float, list[np.ndarray]]:
        """Compute the loss and, by backpropagation, its gradient with respect to some weights.

        Args:
            indices: For each trainable variable, the indices of weights in it, int of shape
                (weights, dimensions).

        Returns:
            The loss, and for each variable a float64 array of shape (weights,).
        """
        variables = [variable.value for variable in self._model.trainable_variables]

        @tf.function
        def compute() -> tuple[tf.Tensor, list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                loss = self._compute()
            return loss, tape.gradient(loss, variables, unconnected_gradients="zero")

        loss, gradients = compute()
        chosen = zip(gradients, indices, strict=True)
        return float(loss), [tf.gather_nd(gradient, index).numpy() for gradient, index in chosen]

    def around(
        self, variable: keras.Variable, index: np.ndarray, step: float
    ) -> tuple[float, float]:
        """Compute the loss with one weight a step lower and a step higher; restore the weight.

        Args:
            variable: The variable of the weight.
            index: The weight's index in it, int of shape (dimensions,).
            step: The difference to the weight's value.
        """
        value, indices = variable.value, index[np.newaxis]
        weight = tf.gather_nd(value, indices)
        losses = []
        for moved in (weight - step, weight + step):
            value.scatter_nd_update(indices, moved)
            losses.append(float(self._compiled()))
        value.scatter_nd_update(indices, weight)
        below, above = losses
        return below, above


def _in_float64(targets: np.ndarray) -> np.ndarray:
    return targets.astype(np.float64) if targets.dtype == np.float32 else targets
