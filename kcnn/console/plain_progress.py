"""Progress in plain lines: an epoch each, and other work that took long."""

from __future__ import annotations

import sys
import time

from kcnn.console.metrics import epoch_line, training_line
from kcnn.console.pace import Pace
from kcnn.console.streams import best_effort
from kcnn.progress import (
    EpochFinished,
    Event,
    Note,
    Progress,
    StepFinished,
    TaskFinished,
    TaskStarted,
    TrainingStarted,
    TrialEvent,
    TrialFinished,
    TrialsStarted,
    TrialStarted,
)
from kcnn.text.printable import printable

_SECONDS_BEFORE_A_LINE = 2.0


class PlainProgress(Progress):
    """Write a line for each epoch, and one for other work if it took long.

    Args:
        heading: Text before each line.
    """

    def __init__(self, heading: str = "") -> None:
        self._heading = heading
        self._epochs = 0
        self._tasks: list[tuple[str, float]] = []  # titles and beginnings of open tasks
        self._trials: _PlainTrials | None = None

    def receive(self, event: Event) -> None:
        """Write the line of an event, if it has one."""
        match event:
            case Note(text):
                self._write(text)
            case TaskStarted(title):
                self._tasks.append((title, time.monotonic()))
            case TaskFinished(failed):
                self._finish_task(failed)
            case TrainingStarted(epochs):
                self._epochs = epochs
                self._write(training_line(event))
            case EpochFinished(epoch, row):
                self._write(epoch_line(epoch, self._epochs, row) + self._left(epoch))
            case TrialsStarted(total):
                self._trials = _PlainTrials(total)
            case TrialStarted() | TrialEvent() | TrialFinished() if self._trials is not None:
                self._trials.receive(event)

    def _write(self, text: str) -> None:
        print(printable(self._heading + text), file=best_effort(sys.stderr), flush=True)

    def _finish_task(self, failed: bool) -> None:
        title, started = self._tasks.pop()
        seconds = time.monotonic() - started
        if seconds >= _SECONDS_BEFORE_A_LINE and not failed:
            self._write(f"{title}: {seconds:.1f} s")

    def _left(self, epoch: int) -> str:
        """Return the end of an epoch's line: nothing, or the time left for all trials."""
        return ""


class _PlainTrials:
    """Write the lines of several trials, each with its title before them."""

    def __init__(self, total: int) -> None:
        self._pace = Pace(total)
        self._trials: dict[int, _PlainTrial] = {}

    def receive(self, event: TrialStarted | TrialEvent | TrialFinished) -> None:
        match event:
            case TrialStarted(trial, title):
                self._trials[trial] = _PlainTrial(trial, title, self._pace)
                position = f"{trial} of {self._pace.total}"
                # "fold 1 of 3" has said it.
                self._trials[trial].note(
                    "training" if title.endswith(position) else f"training {position}"
                )
            case TrialEvent(trial, inner):
                self._trials[trial].receive(inner)
            case TrialFinished(trial):
                self._pace.end(trial)


class _PlainTrial(PlainProgress):
    def __init__(self, trial: int, title: str, pace: Pace) -> None:
        super().__init__(f"{title}: ")
        self._trial_number = trial
        self._pace = pace

    def receive(self, event: Event) -> None:
        match event:
            case TrainingStarted(epochs, steps):
                self._pace.begin(self._trial_number, epochs, steps)
            case StepFinished(epoch, step):
                self._pace.advance(self._trial_number, epoch, step)
            case EpochFinished(epoch):
                self._pace.finish_epoch(self._trial_number, epoch)
        super().receive(event)

    def _left(self, epoch: int) -> str:
        return f"  ({self._pace.left})" if self._pace.left else ""
