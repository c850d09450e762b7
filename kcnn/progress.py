"""Events of long work, and the one method that receives them.

The console shows events, a run's log writes them, and a trial's process sends them to its parent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class Note:
    """One line for the user, while work is under way."""

    text: str


@dataclass(frozen=True)
class TaskStarted:
    """Work of a known or unknown length began. Tasks nest.

    Args:
        title: What is being done, as shown beside the bar.
        total: Number of units; None if unknown.
        unit: What is counted, such as `bytes` or `images`.
    """

    title: str
    total: int | None = None
    unit: str = ""


@dataclass(frozen=True)
class TaskAdvanced:
    """Some more units of the innermost task are done."""

    count: int


@dataclass(frozen=True)
class TaskFinished:
    """The innermost task ended; `failed` if by an exception."""

    failed: bool = False


@dataclass(frozen=True)
class TrainingStarted:
    """A training began.

    Args:
        epochs: Number of epochs.
        steps: Steps of an epoch.
        batch_size: Images of a step.
        after: Epochs before it, which an earlier phase trained; they count in `epochs`.
    """

    epochs: int
    steps: int
    batch_size: int
    after: int = 0


@dataclass(frozen=True)
class StepFinished:
    """Running metrics after a step; epoch and step count from 1."""

    epoch: int
    step: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class EpochFinished:
    """An epoch ended, with this row of metrics.csv; epochs count from 1."""

    epoch: int
    row: Mapping[str, float]


@dataclass(frozen=True)
class TrainingFinished:
    """The training ended, whatever ended it."""


@dataclass(frozen=True)
class TrialsStarted:
    """A study of several trainings began, some of them at the same time."""

    total: int


@dataclass(frozen=True)
class TrialStarted:
    """One of the trainings of a study began; trials count from 1."""

    trial: int
    title: str


@dataclass(frozen=True)
class TrialEvent:
    """What happened within a trial."""

    trial: int
    event: Event


@dataclass(frozen=True)
class TrialFinished:
    """A trial ended, whatever ended it; its open tasks and its training ended with it."""

    trial: int


@dataclass(frozen=True)
class TrialsFinished:
    """The study ended."""


Event = (
    Note
    | TaskStarted
    | TaskAdvanced
    | TaskFinished
    | TrainingStarted
    | StepFinished
    | EpochFinished
    | TrainingFinished
    | TrialsStarted
    | TrialStarted
    | TrialEvent
    | TrialFinished
    | TrialsFinished
)
Advance = Callable[[int], None]
BeginTrial = Callable[[str], AbstractContextManager["Progress"]]


class Progress:
    """Receive events and ignore them. Displays, logs and relays override `receive` alone."""

    def receive(self, event: Event) -> None:
        """Receive one event; steps come from a thread of Keras."""

    def note(self, text: str) -> None:
        """Report one line."""
        self.receive(Note(text))

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Report the beginning and the end of some work.

        Args:
            title: What is being done, as shown beside the bar.
            total: Number of units; None if unknown.
            unit: What is counted, such as `bytes` or `images`.

        Yields:
            A function to call with the number of units finished since the last call.
        """
        self.receive(TaskStarted(title, total, unit))
        failed = True
        try:
            yield lambda count: self.receive(TaskAdvanced(count))
            failed = False
        finally:
            self.receive(TaskFinished(failed))

    @contextmanager
    def trials(self, total: int) -> Iterator[BeginTrial]:
        """Report several trainings, some of them at the same time.

        Args:
            total: How many there are.

        Yields:
            A function to call with a trial's title when it begins. It returns a context manager:
            enter it for the progress of that trial, leave it when the trial has ended.
        """
        self.receive(TrialsStarted(total))
        numbers = count(1)
        try:
            yield lambda title: self._trial(next(numbers), title)
        finally:
            self.receive(TrialsFinished())

    @contextmanager
    def _trial(self, trial: int, title: str) -> Iterator[Progress]:
        self.receive(TrialStarted(trial, title))
        try:
            yield _TrialProgress(self, trial)
        finally:
            self.receive(TrialFinished(trial))


class _TrialProgress(Progress):
    """Pass on the events of one trial, with its number."""

    def __init__(self, progress: Progress, trial: int) -> None:
        self._progress = progress
        self._trial_number = trial

    def receive(self, event: Event) -> None:
        """Pass the event on."""
        self._progress.receive(TrialEvent(self._trial_number, event))
