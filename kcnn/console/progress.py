"""Progress on standard error: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from kcnn.progress import Advance, Begin, Progress

_PER_CENT = ("accuracy", "val_accuracy")
_SECONDS_BEFORE_A_LINE = 2.0


def make_progress(quiet: bool) -> Progress:
    """Picks the display: none when quiet, live on a terminal, plain lines when piped."""
    if quiet:
        return Progress()
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()


class PlainProgress(Progress):
    """Writes a line an epoch, and one for other work when it took long."""

    def __init__(self) -> None:
        self._epochs = 0

    def note(self, text: str) -> None:
        """Writes the line."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Writes a line when work that took long is done."""
        started = time.monotonic()
        yield lambda count: None
        seconds = time.monotonic() - started
        if seconds >= _SECONDS_BEFORE_A_LINE:
            self.note(f"{title}: {seconds:.1f} s")

    def trainings(self, total: int) -> AbstractContextManager[Begin]:
        """Writes the lines of several trainings, each with its name before them."""
        from kcnn.console.trainings import follow_plainly

        return follow_plainly(total)

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Writes what is ahead."""
        self._epochs = epochs
        self.note(f"Training: {epochs} epochs of {steps} steps, {batch_size} images a step")

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Writes the epoch's metrics."""
        self.note(epoch_line(epoch, self._epochs, row))


class LiveProgress(PlainProgress):
    """Draws bars that move, and keeps a line of each finished epoch above them."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False)

    def note(self, text: str) -> None:
        """Writes the line above whatever moves."""
        self._console.print(text, markup=False, soft_wrap=True)

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
        columns = (SpinnerColumn(), TextColumn("{task.description}"), *known, TimeElapsedColumn())
        with Bars(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task(title, total=total)
            yield lambda count: bars.advance(task, count)

    def trainings(self, total: int) -> AbstractContextManager[Begin]:
        """Draws a bar for all of several trainings, and one for each that is under way."""
        from kcnn.console.trainings import follow_live

        return follow_live(self._console, total)

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Draws the bar of the whole training."""
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bars

        super().training_started(epochs, steps, batch_size)
        self._steps = steps
        self._batch_size = batch_size
        self._started = time.monotonic()
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
        rate = done / max(time.monotonic() - self._started, 1e-9)
        left = (self._epochs * self._steps - done) / rate
        state = (
            f"step {step}/{self._steps}  {shown_metrics(metrics)}  "
            f"{rate * self._batch_size:,.0f} images/s  {duration(left)} left"
        )
        description = f"epoch {epoch}/{self._epochs}"
        self._bars.update(self._task, completed=done, description=description, state=state)

    def training_finished(self) -> None:
        """Takes the bar away."""
        self._bars.stop()


def epoch_line(epoch: int, epochs: int, row: Mapping[str, float]) -> str:
    """Writes an epoch's metrics in one line."""
    metrics = {
        name: value
        for name, value in row.items()
        if name not in ("epoch", "learning_rate", "seconds")
    }
    number = str(epoch).rjust(len(str(epochs)))
    return f"epoch {number}/{epochs}  {shown_metrics(metrics)}  {row['seconds']:.1f} s"


def shown_metrics(metrics: Mapping[str, float]) -> str:
    """Writes metrics side by side: accuracies in per cent, everything else as a number."""
    return "  ".join(
        f"{name} {value:.2%}".replace("%", " %") if name in _PER_CENT else f"{name} {value:.4f}"
        for name, value in metrics.items()
    )


def duration(seconds: float) -> str:
    """Writes a length of time as people say it: `45 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
