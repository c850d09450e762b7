"""Write metrics.csv during a training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

import keras

from kcnn.errors import DivergedError
from kcnn.progress import EpochFinished, Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import PHASE, metric_columns, write_metrics
from kcnn.training.callbacks.resumable import Resumable, State


class MetricsFile(Resumable):
    """Write metrics.csv after each epoch, so that a stopped run keeps its finished epochs.

    Args:
        run: The run.
        metrics: Names of the metrics, loss first.
        validated: Whether validation images are scored after each epoch.
        progress: Receives each row.
        watched: Names of the metrics that other callbacks measure; the last columns.
        first_bad_step: Returns the first step whose loss was not finite; None if there is none.

    Attributes:
        phase: The phase of the training, for the column of that name; None for no such column.
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
        self.phase: int | None = None
        self._columns = metric_columns(metrics, validated, watched)
        self.rows: list[dict[str, float]] = []
        self._run = run
        self._progress = progress
        self._first_bad_step = first_bad_step
        self._started = 0.0
        self._rate = 0.0
        self._begun: dict[str, float] | None = None  # how an unfinished epoch began

    @property
    def columns(self) -> list[str]:
        """The columns of the file."""
        return self._columns if self.phase is None else [*self._columns, PHASE]

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the clock of an epoch; read the learning rate that it begins with."""
        if self._begun is None:
            rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            self._begun = {"elapsed": 0.0, "rate": rate}
        self._rate = self._begun["rate"]
        self._started = time.perf_counter() - self._begun["elapsed"]

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Write the row of an epoch.

        Raises:
            DivergedError: The loss is not finite.
        """
        row: dict[str, float] = {**(logs or {}), "epoch": epoch + 1, "learning_rate": self._rate}
        if self.phase is not None:
            row[PHASE] = self.phase
        row["seconds"] = time.perf_counter() - self._started
        self._begun = None
        self.rows.append({name: float(row[name]) for name in self.columns})
        write_metrics(self._run, self.columns, self.rows)
        self._progress.receive(EpochFinished(epoch + 1, self.rows[-1]))
        if not math.isfinite(row["loss"]):
            step = self._first_bad_step()
            at = "" if step is None else f", at step {step} of the training"
            position = f"epoch {epoch + 1}{at} (learning rate {self._rate:g})"
            raise DivergedError(
                f"the loss became {row['loss']} in {position}",
                "try a learning rate ten times lower, or clipnorm: 1.0 in the optimizer",
            )

    def state(self) -> State:
        """Return the rows so far, and how an unfinished epoch began."""
        elapsed = time.perf_counter() - self._started
        begun = None if self._begun is None else {**self._begun, "elapsed": elapsed}
        return {"rows": self.rows, "begun": begun}

    @staticmethod
    def seconds_of(state: State) -> float:
        """Return how long the epochs of a state took, including an unfinished one."""
        unfinished = state["begun"] or {"elapsed": 0.0}
        return float(sum(row["seconds"] for row in state["rows"]) + unfinished["elapsed"])

    def restore(self, state: State) -> None:
        """Restore the rows of an earlier process, and write them again."""
        self.rows, self._begun = list(state["rows"]), state["begun"]
        if self.rows:
            write_metrics(self._run, self.columns, self.rows)
