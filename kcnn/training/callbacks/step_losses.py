"""Record the loss of every training step, as textbooks plot it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from kcnn.runs.folder import RunFolder
from kcnn.runs.steps import StepsFile
from kcnn.training.callbacks.resumable import Resumable, State

ROW = 256  # losses in a row of the buffer


class StepLosses(Resumable):
    """Write steps.csv after each epoch: the loss of each batch before it changes the weights.

    The losses of an epoch stay on the devices until it ends: reading each one would make the next
    step wait. The losses cannot be computed from Keras's running mean, which has too few digits to
    separate the steps of a long epoch.

    Args:
        run: The run.
        steps_per_epoch: Steps in an epoch.
    """

    def __init__(self, run: RunFolder, steps_per_epoch: int) -> None:
        super().__init__()
        self._run = run
        self._steps = steps_per_epoch
        self._file = StepsFile(run)
        self._buffers: list[_LossBuffer] = []

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Wrap the model's `compute_loss`, which Keras reads when it compiles a step."""
        strategy = self.model.distribute_strategy
        devices = strategy.extended.worker_devices if strategy.num_replicas_in_sync > 1 else (None,)
        self._buffers = [_LossBuffer(self._steps, device) for device in devices]
        compute_loss = self.model.compute_loss

        def recorded(*arguments: Any, training: bool = True, **named: Any) -> tf.Tensor:
            loss = compute_loss(*arguments, training=training, **named)
            if training:
                self._buffers[_replica()].record(loss)
            return loss

        self.model.compute_loss = recorded
        self.model.make_train_function(force=True)  # else a step compiled before would be used

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the file with the losses of the epoch added."""
        # Each replica's loss is its part of the mean over the batch, so the sum is the loss.
        self._file.append(np.sum([buffer.take() for buffer in self._buffers], axis=0))

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Restore the model's own `compute_loss`."""
        del self.model.compute_loss

    def first_bad_step(self) -> int | None:
        """Return the first step whose loss was not finite; None if there is none."""
        bad = np.flatnonzero(~np.isfinite(self._file.losses))
        return int(bad[0]) + 1 if len(bad) else None

    def state(self) -> State:
        """Return the losses of all steps so far; those of an unfinished epoch by device."""
        buffers = [buffer.losses() for buffer in self._buffers]
        return {"losses": np.array(self._file.losses), "shares": buffers}

    def restore(self, state: State) -> None:
        """Restore the losses of an earlier process, and write them again."""
        self._file = StepsFile(self._run)
        self._file.append(state["losses"])
        for buffer, losses in zip(self._buffers, state["shares"], strict=True):
            buffer.set(losses)


class _LossBuffer:
    """The losses that one device computed in an epoch.

    They are kept in rows: recording a loss changes one row, so a step of a long epoch costs no
    more than a step of a short one.

    Args:
        steps: Steps in an epoch.
        device: The device that keeps them; None for the one that computes.
    """

    def __init__(self, steps: int, device: str | None) -> None:
        with tf.device(device):
            self._rows = tf.Variable(tf.zeros((steps // ROW, ROW)), trainable=False)
            self._row = tf.Variable(tf.zeros(ROW), trainable=False)  # the row that is not yet full
            self._count = tf.Variable(0, trainable=False, dtype=tf.int64)

    def record(self, loss: tf.Tensor) -> None:
        """Record the loss of one more step."""
        # `where` works, and is deterministic, on every device and in compiled steps.
        row, column = self._count // ROW, self._count % ROW
        is_column = tf.range(ROW, dtype=tf.int64) == column
        self._row.assign(tf.where(is_column, tf.cast(loss, tf.float32), self._row))
        self._count.assign_add(1)
        tf.cond(column == ROW - 1, lambda: self._store_row(row), lambda: None)

    def _store_row(self, row: tf.Tensor) -> None:
        is_row = tf.range(self._rows.shape[0], dtype=tf.int64)[:, tf.newaxis] == row
        self._rows.assign(tf.where(is_row, self._row, self._rows))

    def losses(self) -> np.ndarray:
        """Return the losses recorded so far."""
        count = int(self._count.numpy())
        rows, row = self._rows.numpy()[: count // ROW], self._row.numpy()[: count % ROW]
        return np.concatenate([rows.ravel(), row])

    def take(self) -> np.ndarray:
        """Return the losses recorded so far, and forget them."""
        losses = self.losses()
        self._count.assign(0)
        return losses

    def set(self, losses: np.ndarray) -> None:
        """Set the losses, as if they had been recorded."""
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
