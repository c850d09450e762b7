"""The loss of every training step, as textbooks plot it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kcnn.runs.folder import RunFolder
from kcnn.runs.steps import StepsFile
from kcnn.training.callbacks.resumption import Resumable, State

ROW = 256


class StepLosses(Resumable):
    """Writes steps.csv after each epoch: the loss of each batch, before it changes the weights.

    The losses of an epoch stay on the devices until it ends: a step that hands its own over would
    make the next one wait. Keras's own running mean would not do, since it has too few digits to
    tell the steps of a long epoch apart.

    Args:
        run: Where the file goes.
        steps_per_epoch: Steps in an epoch.
    """

    def __init__(self, run: RunFolder, steps_per_epoch: int) -> None:
        super().__init__()
        self._run = run
        self._steps = steps_per_epoch
        self._file = StepsFile(run)
        self._shares: list[_Share] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Listens to the model's loss; Keras reads `compute_loss` when it compiles a step."""
        strategy = self.model.distribute_strategy
        devices = strategy.extended.worker_devices if strategy.num_replicas_in_sync > 1 else (None,)
        self._shares = [_Share(self._steps, device) for device in devices]
        compute_loss = self.model.compute_loss

        def recorded(*arguments: Any, training: bool = True, **named: Any) -> tf.Tensor:
            loss = compute_loss(*arguments, training=training, **named)
            if training:
                self._shares[_replica()].record(loss)
            return loss

        self.model.compute_loss = recorded
        self.model.make_train_function(force=True)  # or a step that was compiled before would stay

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the file whole, with the steps of the epoch as its last rows."""
        self._file.append(np.sum([share.take() for share in self._shares], axis=0))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leaves the model as it was."""
        del self.model.compute_loss

    def first_bad_step(self) -> int | None:
        """Finds the first step, counted from the beginning, whose loss was no finite number."""
        bad = np.flatnonzero(~np.isfinite(self._file.losses))
        return int(bad[0]) + 1 if len(bad) else None

    def state(self) -> State:
        """Gives the losses of all steps so far, those of an unfinished epoch by device."""
        shares = [share.kept() for share in self._shares]
        return {"losses": np.array(self._file.losses), "shares": shares}

    def restore(self, state: State) -> None:
        """Takes the losses of an earlier process, and writes them again."""
        self._file = StepsFile(self._run)
        self._file.append(state["losses"])
        for share, losses in zip(self._shares, state["shares"], strict=True):
            share.put(losses)


class _Share:
    """One device's share of the losses of an epoch.

    Args:
        steps: Steps in an epoch.
        device: Where they are kept; None for where TensorFlow computes.
    """

    def __init__(self, steps: int, device: str | None) -> None:
        with tf.device(device):
            self._rows = tf.Variable(tf.zeros((steps // ROW, ROW)), trainable=False)
            self._row = tf.Variable(tf.zeros(ROW), trainable=False)  # which is not full yet
            self._count = tf.Variable(0, trainable=False, dtype=tf.int64)

    def record(self, loss: tf.Tensor) -> None:
        """Keeps the loss of one more step; how long an epoch is costs it nothing."""
        # Choosing element by element works, and repeats, wherever a step may be compiled to.
        row, place = self._count // ROW, self._count % ROW
        here = tf.range(ROW, dtype=tf.int64) == place
        self._row.assign(tf.where(here, tf.cast(loss, tf.float32), self._row))
        self._count.assign_add(1)
        tf.cond(place == ROW - 1, lambda: self._put_away(row), lambda: None)

    def _put_away(self, row: tf.Tensor) -> None:
        here = tf.range(self._rows.shape[0], dtype=tf.int64)[:, tf.newaxis] == row
        self._rows.assign(tf.where(here, self._row, self._rows))

    def kept(self) -> np.ndarray:
        """Gives the losses kept so far."""
        count = int(self._count.numpy())
        rows, row = self._rows.numpy()[: count // ROW], self._row.numpy()[: count % ROW]
        return np.concatenate([rows.ravel(), row])

    def take(self) -> np.ndarray:
        """Gives the losses kept so far, and begins anew."""
        losses = self.kept()
        self._count.assign(0)
        return losses

    def put(self, losses: np.ndarray) -> None:
        """Keeps losses as if they had been recorded."""
        rows, row = np.zeros(self._rows.shape), np.zeros(ROW)
        full = len(losses) // ROW
        rows[:full] = losses[: full * ROW].reshape(full, ROW)
        row[: len(losses) - full * ROW] = losses[full * ROW :]
        self._rows.assign(rows)
        self._row.assign(row)
        self._count.assign(len(losses))


def _replica() -> int:
    replica = tf.distribute.get_replica_context().replica_id_in_sync_group
    return int(tf.get_static_value(replica))  # known while a step is compiled
