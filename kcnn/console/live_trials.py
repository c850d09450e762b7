"""Bars of several trainings at a time: one for all, and one for each that is running."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TextColumn
from rich.progress import Progress as Bars

from kcnn.console.metrics import epoch_line, metrics_line
from kcnn.console.pace import Pace
from kcnn.progress import (
    EpochFinished,
    Event,
    Note,
    StepFinished,
    TaskStarted,
    TrainingStarted,
    TrialEvent,
    TrialFinished,
    TrialsFinished,
    TrialStarted,
)
from kcnn.text.printable import printable


class LiveTrials:
    """Draw a bar for all trials, and below it one for each that is running.

    Args:
        console: Where to draw.
        total: Number of trials.
    """

    def __init__(self, console: Console, total: int) -> None:
        self.pace = Pace(total)
        self._console = console
        self.bars = Bars(
            SpinnerColumn(), TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20), TextColumn("{task.fields[state]}", markup=False),
            console=console, transient=True,
        )  # fmt: skip
        self._all = self.bars.add_task("all", total=1.0, state=f"0 of {total} trained")
        self._trials: dict[int, _LiveTrial] = {}
        self.bars.start()

    def receive(self, event: TrialStarted | TrialEvent | TrialFinished | TrialsFinished) -> None:
        """Move the bars of a trial and of all."""
        match event:
            case TrialStarted(trial, title):
                self._trials[trial] = _LiveTrial(trial, title, self)
            case TrialEvent(trial, inner):
                self._trials[trial].receive(inner)
                self._update()
            case TrialFinished(trial):
                self._trials.pop(trial).end()
                self.pace.end(trial)
                self._update()
            case TrialsFinished():
                self.bars.stop()

    def write(self, text: str) -> None:
        """Write a line above the bars."""
        self._console.print(printable(text), markup=False, soft_wrap=True)

    def _update(self) -> None:
        pace = self.pace
        state = "  ".join(filter(None, [f"{pace.ended} of {pace.total} trained", pace.left]))
        self.bars.update(self._all, completed=pace.done, state=state)


class _LiveTrial:
    """Bar of one trial; the line of its last epoch stays when it has ended."""

    def __init__(self, trial: int, title: str, trials: LiveTrials) -> None:
        self._trial = trial
        self._title = title
        self._trials = trials
        self._task = trials.bars.add_task(printable(title), total=1.0, state="starting")
        self._epochs = 1
        self._last_line = ""

    def receive(self, event: Event) -> None:
        match event:
            case Note(text):
                self._trials.write(f"{self._title}: {text}")
            case TaskStarted(title):
                self._update(title)
            case TrainingStarted(epochs, steps):
                self._epochs = epochs
                self._trials.pace.begin(self._trial, epochs, steps)
            case StepFinished(epoch, step, metrics):
                fraction = self._trials.pace.advance(self._trial, epoch, step)
                self._update(f"epoch {epoch}/{self._epochs}  {metrics_line(metrics)}", fraction)
            case EpochFinished(epoch, row):
                self._last_line = epoch_line(epoch, self._epochs, row)

    def end(self) -> None:
        if self._last_line:
            self._trials.write(f"{self._title}: {self._last_line}")
        self._trials.bars.remove_task(self._task)

    def _update(self, state: str, fraction: float | None = None) -> None:
        self._trials.bars.update(self._task, completed=fraction, state=state)
