"""The loss of one training batch in float64, everything but the weights held still."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from kcnn.data.dataset import Images
from kcnn.model.plan import Plan
from kcnn.training.objective import make_loss


class BatchLoss:
    """The training loss of one batch as a function of the weights alone.

    Args:
        plan: The network and its recipe, which names the loss.
        model: The model built from it, in float64.
        images: The batch.
    """

    def __init__(self, plan: Plan, model: keras.Model, images: Images) -> None:
        one_hot = plan.recipe.train.loss.targets == "one_hot"
        targets = (
            np.eye(plan.shapes[plan.nodes[-1].name][0])[images.labels] if one_hot else images.labels
        )
        loss = make_loss(plan)
        self._loss = type(loss).from_config({**loss.get_config(), "dtype": "float64"})
        self._model = model
        self._images = tf.constant(images.images, tf.float64)
        self._targets = tf.constant(targets)
        # Moving averages, and the states that dropout and noise draw from.
        self._held = [(one.value, tf.constant(one.value)) for one in model.non_trainable_variables]
        self._compiled = tf.function(self._compute)

    def _compute(self) -> tf.Tensor:
        for variable, value in self._held:
            variable.assign(value)
        outputs = self._model(self._images, training=True)
        return tf.add_n([self._loss(self._targets, outputs), *self._model.losses])

    def with_gradients(self, indices: Sequence[np.ndarray]) -> tuple[float, list[np.ndarray]]:
        """Gives the loss and, by backpropagation, its gradient along some weights.

        Args:
            indices: Places in each trainable variable, int of shape (weights, dimensions).

        Returns:
            The loss, and for each variable a float64 gradient a place.
        """
        variables = [one.value for one in self._model.trainable_variables]

        @tf.function
        def compute() -> tuple[tf.Tensor, list[tf.Tensor]]:
            with tf.GradientTape() as tape:
                loss = self._compute()
            return loss, tape.gradient(loss, variables, unconnected_gradients="zero")

        loss, gradients = compute()
        chosen = zip(gradients, indices, strict=True)
        return float(loss), [tf.gather_nd(gradient, places).numpy() for gradient, places in chosen]

    def around(
        self, variable: keras.Variable, place: np.ndarray, step: float
    ) -> tuple[float, float]:
        """Gives the loss with one weight a step lower and a step higher; puts the weight back.

        Args:
            variable: The variable that the weight is of.
            place: The weight's place in it, int of shape (dimensions,).
            step: How far the weight is moved.
        """
        held, places = variable.value, place[np.newaxis]
        weight = tf.gather_nd(held, places)
        losses = []
        for moved in (weight - step, weight + step):
            held.scatter_nd_update(places, moved)
            losses.append(float(self._compiled()))
        held.scatter_nd_update(places, weight)
        below, above = losses
        return below, above
