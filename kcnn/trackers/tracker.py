"""What a tracker is: a program that shows runs, and receives what the run folder has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Protocol

from kcnn.machine.packages import Requirement
from kcnn.runs.folder import RunFolder

Row = Mapping[str, float]


class Tracker(Protocol):
    """A program that shows runs.

    All its numbers come from files of the run folder. Its methods may be slow and may raise: they
    run in a thread of their own, and an error costs a warning. After an error, `start` is called
    again and then `add_epochs` with all rows, so each method leaves out what was sent already.
    """

    # The option of kcnn fit without its dashes, and the extra of kcnn: `mlflow`.
    name: ClassVar[str]
    # How its makers write it: `MLflow`.
    title: ClassVar[str]
    # The packages that it needs.
    requirements: ClassVar[Sequence[Requirement]]
    # The option's value: a folder or an address; empty for the default.
    destination: str

    def __init__(self, destination: str) -> None:
        """Check where to send runs, before there is one.

        Raises:
            KcnnError: It is no such place.
        """

    def start(self, run: RunFolder) -> None:
        """Begin to show a run, or continue; resolved.yaml and environment.json are written."""

    def add_epochs(self, rows: Sequence[Row]) -> None:
        """Send rows of metrics.csv, in order."""

    def finish(self, status: str, advance: Callable[[], None]) -> None:
        """End the run: send its results and files if it is finished.

        Args:
            status: As in summary.json: `finished`, `interrupted` or `failed`.
            advance: To be called after each part; without it for two minutes, kcnn gives up.
        """

    def where(self) -> str:
        """Return where a user finds the run: an address, or a command that shows it."""

    def explain(self, error: Exception) -> str:
        """Return in a few words why a method raised: `http://127.0.0.1:5000 does not answer`."""
