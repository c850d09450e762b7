"""Keep the best weights by validation accuracy."""

from __future__ import annotations

import math

import numpy as np

from kcnn.training.callbacks.resumable import Resumable, State


class BestWeights(Resumable):
    """Keep the weights of the epoch with the best validation accuracy, as they were scored."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        self.accuracy = -1.0
        self.weights: list[np.ndarray] = []
        self._current = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Count the epoch."""
        self._current = epoch + 1

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Keep the weights that were just scored if they are the best so far.

        With `use_ema`, these are the averaged weights.
        """
        accuracy = float((logs or {}).get("accuracy", math.nan))
        if accuracy > self.accuracy:
            self.epoch, self.accuracy = self._current, accuracy
            self.weights = self.model.get_weights()

    def state(self) -> State:
        """Return the weights, their epoch and their accuracy."""
        return {"epoch": self.epoch, "accuracy": self.accuracy, "weights": self.weights}

    def restore(self, state: State) -> None:
        """Restore the best weights of an earlier process."""
        self.epoch, self.accuracy = state["epoch"], state["accuracy"]
        self.weights = list(state["weights"])
