"""Progress of several trainings, some of them at the same time, each under its own name."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kcnn.console.lines import PlainLines, duration, epoch_line, shown_metrics
from kcnn.progress import Advance, Begin, Progress
from kcnn.text.printable import printable

if TYPE_CHECKING:
    from rich.console import Console


def steps_before(step: int, steps: int) -> int:
    """Says how many steps of an epoch earlier processes took.

    Args:
        step: The first that is told of. Keras may take several at a time, which divide an epoch.
        steps: Those of an epoch.
    """
    return step - 1 if steps % step else 0


class Whole:
    """How much of several trainings is done, and how long the rest will take.

    Args:
        total: How many trainings there are.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.begun = 0
        self.ended = 0
        self._lengths: dict[int, tuple[int, int]] = {}
        self._shares: dict[int, float] = {}
        self._former: dict[int, float] = {}
        self._started = time.monotonic()

    def begin(self) -> int:
        """Counts one more training; gives its number, from 1."""
        self.begun += 1
        self._shares[self.begun] = 0.0
        return self.begun

    def measure(self, number: int, epochs: int, steps: int) -> None:
        """Takes the length of a training: epochs, and steps in each."""
        self._lengths[number] = epochs, steps

    def advance(self, number: int, epoch: int, step: int) -> float:
        """Takes how far a training is; one that goes on begins with what was done before.

        Returns:
            How much of it is done, from 0 to 1.
        """
        epochs, steps = self._lengths[number]
        before = (epoch - 1) * steps
        self._former.setdefault(number, (before + steps_before(step, steps)) / (epochs * steps))
        self._shares[number] = (before + step) / (epochs * steps)
        return self._shares[number]

    def end(self, number: int) -> None:
        """Takes that a training has ended."""
        self.ended += 1
        self._shares[number] = 1.0

    @property
    def done(self) -> float:
        """How much of all is done, from 0 to 1."""
        return sum(self._shares.values()) / self.total

    @property
    def left(self) -> str:
        """Says how long the rest takes at the pace so far; nothing while nobody can tell."""
        done_here = self.done - sum(self._former.values()) / self.total
        if done_here <= 0 or self.done >= 1:
            return ""
        seconds = (time.monotonic() - self._started) * (1 - self.done) / done_here
        return f"{duration(seconds)} left for all"


class PlainTraining(PlainLines):
    """Writes the lines of one training among several with its name before them.

    Args:
        title: Its name.
        whole: All of the trainings.
    """

    def __init__(self, title: str, whole: Whole) -> None:
        super().__init__()
        self._title = title
        self._whole = whole
        self._number = whole.begin()
        self.note(f"training {self._number} of {whole.total}")

    def note(self, text: str) -> None:
        """Writes the line with the training's name before it."""
        super().note(f"{self._title}: {text}")

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Writes what is ahead."""
        super().training_started(epochs, steps, batch_size)
        self._steps = steps
        self._whole.measure(self._number, epochs, steps)

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Counts the steps."""
        self._whole.advance(self._number, epoch, step)

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Writes the epoch's metrics, and the time left for all."""
        self._whole.advance(self._number, epoch, self._steps)
        left = self._whole.left
        self.note(epoch_line(epoch, self._epochs, row) + (f"  ({left})" if left else ""))

    def ended(self) -> None:
        """Counts the training as done."""
        self._whole.end(self._number)


class LiveTraining(Progress):
    """Draws the bar of one training among several, and keeps a line of its last epoch.

    Args:
        title: Its name.
        trainings: All of them.
    """

    def __init__(self, title: str, trainings: LiveTrainings) -> None:
        self._title = title
        self._trainings = trainings
        self._number = trainings.whole.begin()
        self._task = trainings.bars.add_task(printable(title), total=1.0, state="starting")
        self._epochs = 1
        self._last_line = ""

    def note(self, text: str) -> None:
        """Writes the line above the bars."""
        self._trainings.note(f"{self._title}: {text}")

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Says beside the bar what is being done."""
        self._show(title)
        yield lambda count: None

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Takes the length of the training."""
        self._epochs = epochs
        self._trainings.whole.measure(self._number, epochs, steps)

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Moves the bar, and that of all."""
        share = self._trainings.advance(self._number, epoch, step)
        self._show(f"epoch {epoch}/{self._epochs}  {shown_metrics(metrics)}", share)

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Keeps the line of the last epoch so far."""
        self._last_line = epoch_line(epoch, self._epochs, row)

    def ended(self) -> None:
        """Takes the bar away."""
        if self._last_line:
            self.note(self._last_line)
        self._trainings.bars.remove_task(self._task)
        self._trainings.end(self._number)

    def _show(self, state: str, share: float | None = None) -> None:
        self._trainings.bars.update(self._task, completed=share, state=state)


class LiveTrainings:
    """Draws a bar for all trainings, and below it one for each that is under way.

    Args:
        console: Where to draw.
        total: How many trainings there are.
    """

    def __init__(self, console: Console, total: int) -> None:
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bars

        self.whole = Whole(total)
        self._console = console
        self.bars = Bars(
            SpinnerColumn(), TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20), TextColumn("{task.fields[state]}", markup=False),
            console=console, transient=True,
        )  # fmt: skip
        self._all = self.bars.add_task("all", total=1.0, state=f"0 of {total} trained")

    def note(self, text: str) -> None:
        """Writes a line above the bars."""
        self._console.print(printable(text), markup=False, soft_wrap=True)

    def advance(self, number: int, epoch: int, step: int) -> float:
        """Takes how far a training is; gives how much of it is done."""
        share = self.whole.advance(number, epoch, step)
        self._update()
        return share

    def end(self, number: int) -> None:
        """Takes that a training has ended."""
        self.whole.end(number)
        self._update()

    def _update(self) -> None:
        whole = self.whole
        state = "  ".join(filter(None, [f"{whole.ended} of {whole.total} trained", whole.left]))
        self.bars.update(self._all, completed=whole.done, state=state)


@contextmanager
def follow_plainly(total: int) -> Iterator[Begin]:
    """Follows several trainings with plain lines."""
    whole = Whole(total)
    yield lambda title: _until_it_ends(PlainTraining(title, whole))


@contextmanager
def follow_live(console: Console, total: int) -> Iterator[Begin]:
    """Follows several trainings with bars that move."""
    trainings = LiveTrainings(console, total)
    with trainings.bars:
        yield lambda title: _until_it_ends(LiveTraining(title, trainings))


@contextmanager
def _until_it_ends(training: PlainTraining | LiveTraining) -> Iterator[Progress]:
    try:
        yield training
    finally:
        training.ended()
