"""Progress in plain lines, and the words that other displays share with it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from kcnn.console.streams import best_effort
from kcnn.progress import Advance, Progress
from kcnn.text.printable import printable

_PER_CENT = ("accuracy", "val_accuracy")
_SECONDS_BEFORE_A_LINE = 2.0


class PlainLines(Progress):
    """Writes a line an epoch, and one for other work when it took long."""

    def __init__(self) -> None:
        self._epochs = 0

    def note(self, text: str) -> None:
        """Writes the line."""
        print(printable(text), file=best_effort(sys.stderr), flush=True)

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Writes a line when work that took long is done."""
        started = time.monotonic()
        yield lambda count: None
        seconds = time.monotonic() - started
        if seconds >= _SECONDS_BEFORE_A_LINE:
            self.note(f"{title}: {seconds:.1f} s")

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Writes what is ahead."""
        self._epochs = epochs
        self.note(f"Training: {epochs} epochs of {steps} steps, {batch_size} images a step")

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Writes the epoch's metrics."""
        self.note(epoch_line(epoch, self._epochs, row))


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
