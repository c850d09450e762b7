"""Write checkpoints, and restore the state of a training from one."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from kcnn.errors import KcnnError, RunError
from kcnn.model.application import use_statistics
from kcnn.runs.checkpoint import Checkpoint, Origin, write_checkpoint
from kcnn.runs.folder import RunFolder
from kcnn.training.callbacks.resumable import Part


class Checkpoints(keras.callbacks.Callback):
    """Write a checkpoint after each epoch; must be the last callback of a training.

    Args:
        run: The run.
        parts: The callbacks whose state is kept in addition to the model's, from `parts_of`.
        origin: What all checkpoints of the run have in common.
        resumed: The checkpoint to restore; None for a new training.
        fine_tuned_after: Epochs before fine-tuning, while it trains; else None.
    """

    def __init__(
        self,
        run: RunFolder,
        parts: Mapping[str, Part],
        origin: Origin,
        resumed: Checkpoint | None = None,
        fine_tuned_after: int | None = None,
    ) -> None:
        super().__init__()
        self._run = run
        self._parts = parts
        self._origin = origin
        self._resumed = resumed
        self._fine_tuned_after = fine_tuned_after
        self._epoch = self._taken = 0
        self._written = time.monotonic()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Restore the state, after all other callbacks have reset theirs.

        Raises:
            RunError: The checkpoint belongs to another model or another training.
        """
        if self._resumed is None:
            return
        with self._mismatch_as_error(), self.model.distribute_strategy.scope():
            _restore(_variables(self.model), self._resumed.variables)
            use_statistics(self.model)
            for name, part in self._parts.items():
                part.restore(self._resumed.parts[name])

    @contextmanager
    def _mismatch_as_error(self) -> Iterator[None]:
        """Raise a RunError for any error that a checkpoint of another training causes."""
        try:
            yield
        except KcnnError:
            raise
        except Exception:
            raise RunError(
                f"{self._run.checkpoints}: does not fit the recipe of this run",
                "restore the run's folder, or train it again: kcnn fit",
            ) from None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Restore the running metrics of an unfinished epoch, after Keras has reset them."""
        self._epoch, self._taken = epoch, 0
        if self._resumed is not None and self._resumed.step:
            self._taken = self._resumed.step
            with self._mismatch_as_error():
                _restore(self.model.metrics_variables, self._resumed.metrics)
            self._resumed = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the checkpoint of an epoch.

        Raises:
            RunError: The disk is full, or the folder cannot be written.
        """
        self._write(self._checkpoint(epoch + 1))

    def _checkpoint(self, epoch: int) -> Checkpoint:
        return Checkpoint(
            epoch,
            self._origin,
            stopped=bool(self.model.stop_training),
            variables=[np.array(variable) for variable in _variables(self.model)],
            parts={name: part.state() for name, part in self._parts.items()},
            fine_tuned_after=self._fine_tuned_after,
        )

    def _write(self, checkpoint: Checkpoint) -> None:
        write_checkpoint(self._run, checkpoint)
        self._written = time.monotonic()


class FrequentCheckpoints(Checkpoints):
    """Also write a checkpoint within an epoch if the last one is some minutes old.

    Keras runs this hook after every step and waits for it, so a training without it is faster.

    Args:
        minutes: The age at which a new checkpoint is written.
        others: The arguments of `Checkpoints`.
    """

    def __init__(self, minutes: float, *others: Any) -> None:
        super().__init__(*others)
        self._seconds = 60 * minutes

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Write a checkpoint if the last one is old enough.

        Raises:
            RunError: The disk is full, or the folder cannot be written.
        """
        is_last = batch + 1 >= self.params["steps"]  # on_epoch_end writes the checkpoint
        if is_last or self.model.stop_training:
            return
        if time.monotonic() - self._written >= self._seconds:
            metrics = [np.array(variable) for variable in self.model.metrics_variables]
            checkpoint = self._checkpoint(self._epoch)
            self._write(replace(checkpoint, step=self._taken + batch + 1, metrics=metrics))


def _variables(model: keras.Model) -> list[keras.Variable]:
    """Return what training changes: weights, averages, seed states, the optimizer's variables."""
    return [
        *model.trainable_variables,
        *model.non_trainable_variables,
        *model.optimizer.variables,
    ]


def _restore(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    # Compare all shapes before anything is assigned: some assignments would broadcast.
    for variable, value in zip(variables, values, strict=True):
        if tuple(variable.shape) != value.shape:
            raise ValueError("checkpoint of another shape")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
