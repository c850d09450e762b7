"""Progress on a terminal: bars that move, and finished epochs as lines above them."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars

from kcnn.console.live_trials import LiveTrials
from kcnn.console.metrics import epoch_line, metrics_line, training_line
from kcnn.console.pace import steps_before
from kcnn.console.streams import best_effort, own_standard_error
from kcnn.progress import (
    EpochFinished,
    Event,
    Note,
    Progress,
    StepFinished,
    TaskAdvanced,
    TaskFinished,
    TaskStarted,
    TrainingFinished,
    TrainingStarted,
    TrialEvent,
    TrialFinished,
    TrialsFinished,
    TrialsStarted,
    TrialStarted,
)
from kcnn.text.numbers import duration
from kcnn.text.printable import printable


class LiveProgress(Progress):
    """Draw a bar for each open task and for the training.

    Args:
        console: Where to draw; standard error if None.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(file=best_effort(own_standard_error()), highlight=False)
        self._tasks: list[tuple[Bars, TaskID]] = []  # the open ones
        self._training: _TrainingBar | None = None
        self._trials: LiveTrials | None = None

    def receive(self, event: Event) -> None:
        """Move the bars, or write a line above them."""
        match event:
            case Note(text):
                self._write(text)
            case TaskStarted():
                self._start_task(event)
            case TaskAdvanced(count):
                bars, task = self._tasks[-1]
                bars.advance(task, count)
            case TaskFinished():
                self._tasks.pop()[0].stop()
            case TrainingStarted():
                self._write(training_line(event))
                self._training = _TrainingBar(self._console, event)
            case StepFinished() if self._training is not None:
                self._training.advance(event)
            case EpochFinished(epoch, row) if self._training is not None:
                self._write(epoch_line(epoch, self._training.epochs, row))
            case TrainingFinished() if self._training is not None:
                self._training.stop()
            case TrialsStarted(total):
                self._trials = LiveTrials(self._console, total)
            case TrialStarted() | TrialEvent() | TrialFinished() | TrialsFinished():
                assert self._trials is not None
                self._trials.receive(event)

    def _write(self, text: str) -> None:
        self._console.print(printable(text), markup=False, soft_wrap=True)

    def _start_task(self, task: TaskStarted) -> None:
        columns: list[ProgressColumn] = [
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
        ]
        if task.total is not None:
            count = DownloadColumn() if task.unit == "bytes" else MofNCompleteColumn()
            columns += [BarColumn(), count, TimeRemainingColumn()]
        bars = Bars(*columns, TimeElapsedColumn(), console=self._console, transient=True)
        bars.start()
        self._tasks.append((bars, bars.add_task(printable(task.title), total=task.total)))


class _TrainingBar:
    """Bar of one training, with its metrics and the time left."""

    def __init__(self, console: Console, training: TrainingStarted) -> None:
        self.epochs = training.epochs
        self._steps = training.steps
        self._batch_size = training.batch_size
        self._started = time.monotonic()
        self._before: int | None = None  # steps that earlier processes took
        self._bars = Bars(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20),
            TextColumn("{task.fields[state]}"), console=console, transient=True,
        )  # fmt: skip
        self._task = self._bars.add_task(
            f"epoch 1/{self.epochs}", total=self.epochs * self._steps, state="starting"
        )
        self._bars.start()

    def advance(self, event: StepFinished) -> None:
        done = (event.epoch - 1) * self._steps + event.step
        if self._before is None:
            steps = steps_before(event.step, self._steps)
            self._before = (event.epoch - 1) * self._steps + steps
        rate = (done - self._before) / max(time.monotonic() - self._started, 1e-9)
        left = (self.epochs * self._steps - done) / rate
        state = (
            f"step {event.step}/{self._steps}  {metrics_line(event.metrics)}  "
            f"{rate * self._batch_size:,.0f} images/s  {duration(left)} left"
        )
        description = f"epoch {event.epoch}/{self.epochs}"
        self._bars.update(self._task, completed=done, description=description, state=state)

    def stop(self) -> None:
        self._bars.stop()
