"""A run's log: what its progress told, with the time, in a file that outlasts the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from kcnn.errors import KcnnError
from kcnn.files.atomic import writing
from kcnn.progress import Advance, Progress
from kcnn.runs.folder import RunFolder
from kcnn.text.printable import printable

_FORMAT = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")


@contextmanager
def logged(run: RunFolder, progress: Progress) -> Iterator[Progress]:
    """Adds to a run's log.txt what goes on inside, and how it ends.

    Args:
        run: The run.
        progress: The display that hears of everything as well.

    Yields:
        The progress to tell.

    Raises:
        RunError: The log cannot be written.
    """
    with _opened_log(run) as logger:
        try:
            yield _Logged(logger, progress)
            logger.info("finished")
        except KcnnError as error:
            logger.error("failed: %s", error.message)
            raise
        except KeyboardInterrupt:
            logger.error("stopped")
            raise
        except Exception:
            logger.exception("failed by a mistake in kcnn")
            raise


def log_notes(run: RunFolder, notes: Sequence[str]) -> None:
    """Adds to a run's log.txt what was told before there was a run, or before it went on.

    Raises:
        RunError: The log cannot be written.
    """
    with _opened_log(run) as logger:
        for note in notes:
            logger.info(note)


@contextmanager
def _opened_log(run: RunFolder) -> Iterator[logging.Logger]:
    with writing(run.log):
        handler = _LogFile(run.log, encoding="utf-8")
    handler.setFormatter(_FORMAT)
    logger = logging.Logger(run.title)  # of this run alone, known to nobody else
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        handler.close()


class Remembering(Progress):
    """Hands notes and tasks on to a display, and remembers the notes until there is a log.

    Args:
        progress: The display.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Remembers the line."""
        self.notes.append(text)
        self._progress.note(text)

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Hands the task on."""
        with self._progress.task(title, total, unit) as advance:
            yield advance


class _LogFile(logging.FileHandler):
    """A log that a full disk cuts short, and that never hides what else went wrong."""

    def format(self, record: logging.LogRecord) -> str:
        """Writes a record; names of files in it may be no text."""
        return printable(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Leaves the line out."""

    def close(self) -> None:
        """Closes the file, whatever is left to write."""
        with suppress(OSError):
            super().close()


class _Logged(Progress):
    """Writes down what it hands on to a display.

    Args:
        logger: Writes the lines.
        progress: The display.
    """

    def __init__(self, logger: logging.Logger, progress: Progress) -> None:
        self._logger = logger
        self._progress = progress
        self._epochs = 0

    def note(self, text: str) -> None:
        """Writes the line."""
        self._logger.info(text)
        self._progress.note(text)

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Writes what begins."""
        self._logger.info(title)
        with self._progress.task(title, total, unit) as advance:
            yield advance

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Writes what is ahead."""
        self._epochs = epochs
        self._logger.info("training: %d epochs of %d steps of %d images", epochs, steps, batch_size)
        self._progress.training_started(epochs, steps, batch_size)

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Hands the running metrics on, which would fill the file."""
        self._progress.step_finished(epoch, step, metrics)

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Writes the epoch's metrics."""
        values = " ".join(f"{name} {value:.6g}" for name, value in row.items() if name != "epoch")
        self._logger.info("epoch %d/%d: %s", epoch, self._epochs, values)
        self._progress.epoch_finished(epoch, row)

    def training_finished(self) -> None:
        """Hands the end of the training on."""
        self._progress.training_finished()
