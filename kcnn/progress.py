"""What long work tells of itself while it runs; the console decides how to show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext

Advance = Callable[[int], None]
Begin = Callable[[str], AbstractContextManager["Progress"]]


class Progress:
    """Listens to long work and shows nothing. The console's displays derive from it."""

    def note(self, text: str) -> None:
        """Takes one line worth telling the user while work goes on."""

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Follows work of a known or unknown length.

        Args:
            title: What is being done, as shown beside the bar.
            total: How many units there are; None when nobody knows.
            unit: What is counted, `bytes` or `images` for instance.

        Yields:
            A function to call with the number of units finished since the last call.
        """
        yield lambda count: None

    def trainings(self, total: int) -> AbstractContextManager[Begin]:
        """Follows several trainings, some of them at the same time.

        Args:
            total: How many there are.

        Returns:
            Gives, when entered, a function to call with a training's title when it begins. What
            that gives is entered for the training's own progress, and left when it has ended.
        """
        return nullcontext(lambda title: nullcontext(self))

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Takes the length of a training: epochs, steps in each, images in a step."""

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Takes the running metrics after a step; epoch and step count from 1."""

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Takes the row that metrics.csv got for an epoch."""

    def training_finished(self) -> None:
        """Takes the end of training, whatever ended it."""
