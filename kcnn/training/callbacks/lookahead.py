"""Weights that are drawn back, again and again, to a slow average of themselves."""

from __future__ import annotations

import tensorflow as tf

from kcnn.recipe.schema import Lookahead
from kcnn.training.callbacks.resumption import Resumable, State


class LookaheadWeights(Resumable):
    """Lookahead (Zhang et al., 2019) whose pull grows, as in airbench94 (Jordan, 2024).

    After every few steps the slow weights become d · slow + (1 - d) · fast, and the weights become
    the slow ones; d = decay ** every · (step / steps) ** 3. After the last step of all the weights
    become the slow ones as they are, before anything is scored. A training that stops early keeps
    the weights it had. Moving averages of batch normalization take part.

    Args:
        settings: How often, and how hard.
        steps: How many steps the whole training has.
    """

    def __init__(self, settings: Lookahead, steps: int) -> None:
        super().__init__()
        self._settings = settings
        self._steps = steps
        self._step = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Begins with slow weights that are the first ones."""
        weights = self.model.weights
        self._slow = [tf.Variable(weight.value, trainable=False) for weight in weights]

        def move(kept: tf.Tensor) -> None:
            for slow, weight in zip(self._slow, weights, strict=True):
                # Written so that a weight which did not move, frozen for instance, stays as it is.
                slow.assign_add((1 - kept) * (weight.value - slow))
                weight.value.assign(slow)

        self._move = tf.function(move, autograph=False)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Counts the step, and moves the weights when it is time."""
        self._step += 1
        settings = self._settings
        if self._step % settings.every == 0:
            self._move_by(settings.decay**settings.every * (self._step / self._steps) ** 3)
        if self._step == self._steps:
            self._move_by(1.0)

    def state(self) -> State:
        """Gives the slow weights, and how many steps were taken."""
        return {"step": self._step, "slow": [slow.numpy() for slow in self._slow]}

    def restore(self, state: State) -> None:
        """Takes the slow weights of an earlier process."""
        self._step = state["step"]
        for slow, value in zip(self._slow, state["slow"], strict=True):
            slow.assign(value)

    def _move_by(self, kept: float) -> None:
        with self.model.distribute_strategy.scope():
            self._move(tf.constant(kept, tf.float32))
