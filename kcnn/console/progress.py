"""Progress on standard error: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from kcnn.console.lines import PlainLines, duration, shown_metrics
from kcnn.console.streams import best_effort, own_standard_error
from kcnn.console.trainings import follow_live, follow_plainly, steps_before
from kcnn.progress import Advance, Begin, Progress
from kcnn.text.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bars


def make_progress(quiet: bool) -> Progress:
    """Picks the display: none when quiet, live on a terminal, plain lines when piped."""
    if quiet:
        return Progress()
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()


class PlainProgress(PlainLines):
    """Writes a line an epoch, and one for other work when it took long."""

    def trainings(self, total: int) -> AbstractContextManager[Begin]:
        """Writes the lines of several trainings, each with its name before them."""
        return follow_plainly(total)


class LiveProgress(PlainProgress):
    """Draws bars that move, and keeps a line of each finished epoch above them."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console

        self._console = Console(file=best_effort(own_standard_error()), highlight=False)
        self._bars: Bars | None = None

    def note(self, text: str) -> None:
        """Writes the line above whatever moves."""
        self._console.print(printable(text), markup=False, soft_wrap=True)

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Draws a bar, or a spinner when nobody knows the length."""
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            MofNCompleteColumn,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bars

        count = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
        known = (BarColumn(), count, TimeRemainingColumn()) if total is not None else ()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            *known,
            TimeElapsedColumn(),
        )
        with Bars(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task(printable(title), total=total)
            yield lambda count: bars.advance(task, count)

    def trainings(self, total: int) -> AbstractContextManager[Begin]:
        """Draws a bar for all of several trainings, and one for each that is under way."""
        return follow_live(self._console, total)

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Draws the bar of the whole training."""
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bars

        super().training_started(epochs, steps, batch_size)
        self._steps = steps
        self._batch_size = batch_size
        self._started = time.monotonic()
        self._before: int | None = None
        self._bars = Bars(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20),
            TextColumn("{task.fields[state]}"), console=self._console, transient=True,
        )  # fmt: skip
        self._task = self._bars.add_task(
            f"epoch 1/{epochs}", total=epochs * steps, state="starting"
        )
        self._bars.start()

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Moves the bar."""
        done = (epoch - 1) * self._steps + step
        if self._before is None:  # a run that goes on has steps of former times
            self._before = (epoch - 1) * self._steps + steps_before(step, self._steps)
        rate = (done - self._before) / max(time.monotonic() - self._started, 1e-9)
        left = (self._epochs * self._steps - done) / rate
        state = (
            f"step {step}/{self._steps}  {shown_metrics(metrics)}  "
            f"{rate * self._batch_size:,.0f} images/s  {duration(left)} left"
        )
        description = f"epoch {epoch}/{self._epochs}"
        assert self._bars is not None
        self._bars.update(self._task, completed=done, description=description, state=state)

    def training_finished(self) -> None:
        """Takes the bar away, if it was there already."""
        if self._bars is not None:
            self._bars.stop()
