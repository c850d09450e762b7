"""Callbacks with a state that a checkpoint keeps."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import keras

State = Mapping[str, Any]


class Resumable(keras.callbacks.Callback):
    """A callback with a state that a resumed training needs."""

    @abstractmethod
    def state(self) -> State:
        """Return the state, in the types that `Checkpoint.parts` allows."""

    @abstractmethod
    def restore(self, state: State) -> None:
        """Restore what `state` returned; called after `on_train_begin`."""


class KerasCallbackState:
    """The state of one of Keras's own callbacks: some of its attributes.

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
        """Return the values of the attributes."""
        return {name: getattr(self._callback, name) for name in self._names()}

    def restore(self, state: State) -> None:
        """Set the attributes."""
        for name in self._names():
            setattr(self._callback, name, state[name])

    def _names(self) -> Sequence[str]:
        return self.ATTRIBUTES[type(self._callback)]


Part = Resumable | KerasCallbackState


def parts_of(callbacks: Iterable[keras.callbacks.Callback]) -> dict[str, Part]:
    """Return the callbacks whose state a checkpoint keeps, by the name of their class."""
    parts: dict[str, Part] = {}
    for callback in callbacks:
        name = type(callback).__name__
        if isinstance(callback, Resumable):
            parts[name] = callback
        elif type(callback) in KerasCallbackState.ATTRIBUTES:
            parts[name] = KerasCallbackState(callback)
    return parts
