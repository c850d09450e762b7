"""Report the running metrics during an epoch."""

from __future__ import annotations

import math
import time
from typing import Any

import keras

from kcnn.progress import Progress, StepFinished

_SECONDS_BETWEEN_REPORTS = 0.1


class ProgressReports(keras.callbacks.Callback):
    """Report steps to the progress display, a few times a second.

    Args:
        progress: Receives the running metrics.
        done: Steps of the first epoch that an earlier process has done.
    """

    # Keras may then pass the metrics in another thread, so that no step waits for them.
    async_safe = True

    def __init__(self, progress: Progress, done: int = 0) -> None:
        super().__init__()
        self._progress = progress
        self._done = done
        self._epoch = 0
        self._reported = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Count the epoch."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Report the running metrics; stop the training if the loss is not finite."""
        now = time.perf_counter()
        if now - self._reported >= _SECONDS_BETWEEN_REPORTS:
            self._reported = now
            values = {name: float(value) for name, value in (logs or {}).items()}
            if not math.isfinite(values.get("loss", 0.0)):
                self.model.stop_training = True  # the rest of a long epoch would be wasted
            self._progress.receive(StepFinished(self._epoch, self._done + batch + 1, values))
