"""Keeps a training's state after each epoch or oftener, and puts it back when a run resumes."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from kcnn.errors import KcnnError, RunError
from kcnn.runs.checkpoint import Checkpoint, Origin, write_checkpoint
from kcnn.runs.folder import RunFolder

State = Mapping[str, Any]


class Resumable(keras.callbacks.Callback):
    """A callback with something that a training goes on from."""

    @abstractmethod
    def state(self) -> State:
        """Gives what has to be kept, as `Checkpoint` has it."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Puts back what `state` gave, after `on_train_begin`."""


class KerasCallbackState:
    """What Keras's own callbacks go on from: some of their attributes.

    Args:
        callback: The callback.
    """

    ATTRIBUTES = MappingProxyType({
        keras.callbacks.EarlyStopping: (
            "wait", "stopped_epoch", "best", "best_epoch", "best_weights",
        ),
        keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    })  # fmt: skip

    def __init__(self, callback: keras.callbacks.Callback) -> None:
        self._callback = callback

    def state(self) -> State:
        """Gives the attributes' values."""
        return {name: getattr(self._callback, name) for name in self._names()}

    def restore(self, state: State) -> None:
        """Sets the attributes."""
        for name in self._names():
            setattr(self._callback, name, state[name])

    def _names(self) -> Sequence[str]:
        return self.ATTRIBUTES[type(self._callback)]


Part = Resumable | KerasCallbackState


def parts_of(callbacks: Iterable[keras.callbacks.Callback]) -> dict[str, Part]:
    """Picks the callbacks that a training goes on from, by the name of their class."""
    parts: dict[str, Part] = {}
    for callback in callbacks:
        name = type(callback).__name__
        if isinstance(callback, Resumable):
            parts[name] = callback
        elif type(callback) in KerasCallbackState.ATTRIBUTES:
            parts[name] = KerasCallbackState(callback)
    return parts


class Checkpoints(keras.callbacks.Callback):
    """Writes a checkpoint after each epoch; to be the last of a training's callbacks.

    Args:
        run: Where they go.
        parts: What is kept besides the model, as `parts_of` names it.
        origin: What all checkpoints of the run have in common.
        resumed: The checkpoint that training goes on from; None for one that begins.
    """

    def __init__(
        self,
        run: RunFolder,
        parts: Mapping[str, Part],
        origin: Origin,
        resumed: Checkpoint | None = None,
    ) -> None:
        super().__init__()
        self._run = run
        self._parts = parts
        self._origin = origin
        self._resumed = resumed
        self._epoch = self._taken = 0
        self._written = time.monotonic()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Puts the state back, after all other callbacks began anew.

        Raises:
            RunError: It is another network's, or another training's.
        """
        if self._resumed is None:
            return
        with self._fitting(), self.model.distribute_strategy.scope():
            _restore(_variables(self.model), self._resumed.variables)
            for name, part in self._parts.items():
                part.restore(self._resumed.parts[name])

    @contextmanager
    def _fitting(self) -> Iterator[None]:
        """Says in one line that a checkpoint is another training's, whatever tells so."""
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
        """Puts the running metrics of a half finished epoch back, after Keras began them anew."""
        self._epoch, self._taken = epoch, 0
        if self._resumed is not None and self._resumed.step:
            self._taken = self._resumed.step
            with self._fitting():
                _restore(self.model.metrics_variables, self._resumed.metrics)
            self._resumed = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the checkpoint of an epoch.

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
        )

    def _write(self, checkpoint: Checkpoint) -> None:
        write_checkpoint(self._run, checkpoint)
        self._written = time.monotonic()


class FrequentCheckpoints(Checkpoints):
    """Writes a checkpoint within an epoch too, when the last one is some minutes old.

    Keras waits for it after every step, which a training without it need not do.

    Args:
        minutes: How old it may become.
        further: As of `Checkpoints`.
    """

    def __init__(self, minutes: float, *further: Any) -> None:
        super().__init__(*further)
        self._seconds = 60 * minutes

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Writes a checkpoint when it is time.

        Raises:
            RunError: The disk is full, or the folder cannot be written.
        """
        is_last = batch + 1 >= self.params["steps"]  # whose checkpoint is the epoch's own
        if is_last or self.model.stop_training:
            return
        if time.monotonic() - self._written >= self._seconds:
            metrics = [np.array(variable) for variable in self.model.metrics_variables]
            checkpoint = self._checkpoint(self._epoch)
            self._write(replace(checkpoint, step=self._taken + batch + 1, metrics=metrics))


def _variables(model: keras.Model) -> list[keras.Variable]:
    """Lists what training changes: weights, moving averages, random states, the optimizer's own."""
    return [
        *model.trainable_variables,
        *model.non_trainable_variables,
        *model.optimizer.variables,
    ]


def _restore(variables: Sequence[keras.Variable], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        if tuple(variable.shape) != value.shape:
            raise ValueError("another shape")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
