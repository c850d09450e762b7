"""What an executor is: it runs the trials of a study, some at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kcnn.errors import KcnnError
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.training.complete_run import FitResult

# Trains a run. Pickled by name for other processes, so it must be a function of a module.
Train = Callable[..., FitResult]

# The finished run of a trial, or the error that its training failed with.
Outcome = RunFolder | KcnnError


@dataclass(frozen=True)
class Attempt:
    """One attempt at a trial: a function that trains, and its arguments.

    Args:
        title: The trial's title on the display.
        train: Such as `kcnn.commands.fit.fit` or `kcnn.commands.resume.resume`.
        arguments: Its arguments, except `progress` and `device`, which the executor adds.
        fallback: The attempt to make if this one is refused before its training, for example
            because the run began on other devices.
    """

    title: str
    train: Train
    arguments: Mapping[str, Any]
    fallback: Attempt | None = None


class Executor(Protocol):
    """Runs attempts: today in processes of this machine, later also on a cluster."""

    def run(
        self, attempts: Sequence[Attempt], progress: Progress, keep_going: bool = False
    ) -> list[Outcome]:
        """Run attempts, in their order as resources become free.

        At a stop request (`kcnn.machine.signals`), all attempts stop between two training steps
        and keep their finished epochs.

        Args:
            attempts: What to run.
            progress: Receives the events of every trial (`Progress.trials`).
            keep_going: Whether the others continue if a training fails by itself: its loss is no
                number, or its memory ran out. Any other failure, such as a full disk, stops all.

        Returns:
            One outcome an attempt.

        Raises:
            KcnnError: An attempt failed; the message begins with its title.
            CrashError: An attempt met a bug in kcnn.
            Stopped: A signal came, and every attempt has ended.
        """
        ...
