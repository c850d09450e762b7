"""What happens beside training: the metrics file, the best weights, the progress display."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from kcnn.errors import TrainingError
from kcnn.machine.signals import stop_if_requested
from kcnn.progress import EpochFinished, Progress, StepFinished
from kcnn.recipe.optimizers import ReduceLROnPlateau
from kcnn.recipe.schema import TrainSettings
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import metric_columns, write_metrics
from kcnn.training.callbacks.resumption import Resumable, State

_SECONDS_BETWEEN_REPORTS = 0.1


def make_callbacks(train: TrainSettings) -> list[keras.callbacks.Callback]:
    """Makes Keras's own callbacks that a recipe asks for."""
    callbacks: list[keras.callbacks.Callback] = []
    if isinstance(train.learning_rate_schedule, ReduceLROnPlateau):
        arguments = train.learning_rate_schedule.written()
        callbacks.append(keras.callbacks.ReduceLROnPlateau(**arguments))
    if train.early_stopping is not None:
        arguments = {"monitor": train.early_stopping.monitor, **train.early_stopping.written()}
        callbacks.append(keras.callbacks.EarlyStopping(**arguments))
    return callbacks


class MetricsFile(Resumable):
    """Writes metrics.csv whole after each epoch, so that a stopped run keeps what it has.

    Args:
        run: The run folder.
        metrics: Names of the metrics, loss first.
        validated: Whether validation images are scored after each epoch.
        progress: Hears of each row.
        watched: Names of what other callbacks measure; the last columns.
        first_bad_step: Finds the first step whose loss was no finite number.
    """

    def __init__(
        self,
        run: RunFolder,
        metrics: list[str],
        validated: bool,
        progress: Progress,
        watched: Sequence[str] = (),
        first_bad_step: Callable[[], int | None] = lambda: None,
    ) -> None:
        super().__init__()
        self.columns = metric_columns(metrics, validated, watched)
        self.rows: list[dict[str, float]] = []
        self._run = run
        self._progress = progress
        self._first_bad_step = first_bad_step
        self._started = 0.0
        self._rate = 0.0
        self._begun: dict[str, float] | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Starts the clock of an epoch and reads the rate it begins with."""
        if self._begun is None:
            rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            self._begun = {"elapsed": 0.0, "rate": rate}
        self._rate = self._begun["rate"]
        self._started = time.perf_counter() - self._begun["elapsed"]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the row of an epoch.

        Raises:
            TrainingError: The loss is no longer a number.
        """
        row: dict[str, float] = {**(logs or {}), "epoch": epoch + 1, "learning_rate": self._rate}
        row["seconds"] = time.perf_counter() - self._started
        self._begun = None
        self.rows.append({name: float(row[name]) for name in self.columns})
        write_metrics(self._run, self.columns, self.rows)
        self._progress.receive(EpochFinished(epoch + 1, self.rows[-1]))
        if not math.isfinite(row["loss"]):
            step = self._first_bad_step()
            at = "" if step is None else f", at step {step} of the training"
            where = f"epoch {epoch + 1}{at} (learning rate {self._rate:g})"
            raise TrainingError(
                f"the loss became {row['loss']} in {where}",
                "try a learning rate ten times lower, or clipnorm: 1.0 in the optimizer",
            )

    def state(self) -> State:
        """Gives the rows so far, and how an unfinished epoch began."""
        elapsed = time.perf_counter() - self._started
        begun = None if self._begun is None else {**self._begun, "elapsed": elapsed}
        return {"rows": self.rows, "begun": begun}

    @staticmethod
    def seconds_of(state: State) -> float:
        """Says how long the epochs of a state took, with what is done of an unfinished one."""
        unfinished = state["begun"] or {"elapsed": 0.0}
        return float(sum(row["seconds"] for row in state["rows"]) + unfinished["elapsed"])

    def restore(self, state: State) -> None:
        """Takes the rows of an earlier process, and writes them again."""
        self.rows, self._begun = list(state["rows"]), state["begun"]
        if self.rows:
            write_metrics(self._run, self.columns, self.rows)


class BestWeights(Resumable):
    """Keeps the weights of the epoch with the best validation accuracy, as they were scored."""

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        self.accuracy = -1.0
        self.weights: list[np.ndarray] = []
        self._current = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Counts the epoch."""
        self._current = epoch + 1

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Keeps the weights that were just scored, averaged ones included, when they are best."""
        accuracy = float((logs or {}).get("accuracy", math.nan))
        if accuracy > self.accuracy:
            self.epoch, self.accuracy = self._current, accuracy
            self.weights = self.model.get_weights()

    def state(self) -> State:
        """Gives the weights, and where they are from."""
        return {"epoch": self.epoch, "accuracy": self.accuracy, "weights": self.weights}

    def restore(self, state: State) -> None:
        """Takes the best weights of an earlier process."""
        self.epoch, self.accuracy = state["epoch"], state["accuracy"]
        self.weights = list(state["weights"])


class ProgressReports(keras.callbacks.Callback):
    """Tells the display of steps, a few times a second.

    Args:
        progress: The display.
        taken: Steps of the first epoch that an earlier process took.
    """

    # Lets Keras hand the metrics over in a thread of its own, so that no step waits for them.
    async_safe = True

    def __init__(self, progress: Progress, taken: int = 0) -> None:
        super().__init__()
        self._progress = progress
        self._taken = taken
        self._epoch = 0
        self._reported = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Counts the epoch."""
        self._epoch = epoch + 1

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the running metrics."""
        now = time.perf_counter()
        if now - self._reported >= _SECONDS_BETWEEN_REPORTS:
            self._reported = now
            values = {name: float(value) for name, value in (logs or {}).items()}
            if not math.isfinite(values.get("loss", 0.0)):
                self.model.stop_training = True  # the rest of a long epoch would be wasted
            self._progress.receive(StepFinished(self._epoch, self._taken + batch + 1, values))


class StopBetweenSteps(keras.callbacks.Callback):
    """Stop training before a step if a signal asked for it.

    Keras calls the hooks for the beginning of a step in the main thread. Unlike a hook for the end,
    they do not make it wait for the metrics of the last step.
    """

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Raise Stopped if a signal came."""
        stop_if_requested()

    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Raise Stopped if a signal came."""
        stop_if_requested()
