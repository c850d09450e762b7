"""Lookahead: pull the weights towards a slow average of themselves."""

from __future__ import annotations

import tensorflow as tf

from kcnn.recipe.train_settings import Lookahead
from kcnn.training.callbacks.resumable import Resumable, State


class LookaheadWeights(Resumable):
    """Lookahead with a pull that grows during the training.

    Lookahead is by Zhang et al. (2019, arXiv:1907.08610), the growing pull by airbench94 (Jordan,
    2024, arXiv:2404.00498). Every few steps, the slow weights are set to d·slow + (1 - d)·fast, and
    the model's weights to the slow ones, where d = decay ** every · (step / steps) ** 3. After the
    last step of the training, the model gets the slow weights unchanged, before it is scored. A
    training that stops early keeps the fast weights. The moving averages of batch normalization
    are treated like weights.

    Args:
        settings: How often, and how strongly.
        steps: The number of steps of the whole training.
    """

    def __init__(self, settings: Lookahead, steps: int) -> None:
        super().__init__()
        self._settings = settings
        self._steps = steps
        self._step = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Set the slow weights to the initial ones."""
        weights = self.model.weights
        self._slow = [tf.Variable(weight.value, trainable=False) for weight in weights]

        def move(decay: tf.Tensor) -> None:
            for slow, weight in zip(self._slow, weights, strict=True):
                # In this form, a weight that did not move, such as a frozen one, stays exactly
                # the same; d·slow + (1 - d)·fast would add rounding errors.
                slow.assign_add((1 - decay) * (weight.value - slow))
                weight.value.assign(slow)

        self._move = tf.function(move, autograph=False)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Count the step; move the weights every few steps, and after the last."""
        self._step += 1
        settings = self._settings
        if self._step % settings.every == 0:
            self._move_by(settings.decay**settings.every * (self._step / self._steps) ** 3)
        if self._step == self._steps:
            self._move_by(1.0)

    def state(self) -> State:
        """Return the slow weights and the number of steps."""
        return {"step": self._step, "slow": [slow.numpy() for slow in self._slow]}

    def restore(self, state: State) -> None:
        """Restore the slow weights of an earlier process."""
        self._step = state["step"]
        for slow, value in zip(self._slow, state["slow"], strict=True):
            slow.assign(value)

    def _move_by(self, decay: float) -> None:
        with self.model.distribute_strategy.scope():
            self._move(tf.constant(decay, tf.float32))
