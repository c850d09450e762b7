"""log.txt: the progress of a run, with times, in a file that outlasts the terminal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from kcnn.errors import KcnnError, RunError
from kcnn.files.atomic import writing
from kcnn.files.read import opened
from kcnn.progress import EpochFinished, Event, Note, Progress, TaskStarted, TrainingStarted
from kcnn.runs.folder import RunFolder
from kcnn.text.printable import printable

_BYTES_PER_READ = 1_000_000
_FORMAT = logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")


@contextmanager
def logged(run: RunFolder, progress: Progress) -> Iterator[Progress]:
    """Append what happens inside to a run's log.txt, and how it ends.

    Args:
        run: The run.
        progress: The display that receives all events too.

    Yields:
        The progress that writes to the log.

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
            logger.exception("failed because of a bug in kcnn")
            raise


def log_notes(run: RunFolder, notes: Sequence[str]) -> None:
    """Append notes from before there was a run, or before it was resumed, to its log.txt.

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
    logger = logging.Logger(run.title)  # not one of the process-wide loggers
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        handler.close()


class Remembering(Progress):
    """Pass events on to a display, and keep the notes until there is a log.

    Args:
        progress: The display.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.notes: list[str] = []

    def receive(self, event: Event) -> None:
        """Keep a note; pass every event on."""
        if isinstance(event, Note):
            self.notes.append(event.text)
        self._progress.receive(event)


def read_new_lines(run: RunFolder, position: int) -> tuple[list[str], int]:
    """Read some whole lines of log.txt from a position on; leave a half-written one for later.

    Args:
        run: The run.
        position: Bytes that were read already.

    Returns:
        The lines, and how many bytes they have.

    Raises:
        RunError: The log cannot be read.
    """
    try:
        with opened(run.log) as stream:
            stream.seek(position)
            whole, end, _ = stream.read(_BYTES_PER_READ).rpartition(b"\n")
    except FileNotFoundError:
        return [], 0  # a run that has just started, or of a kcnn that kept no log
    except OSError as error:
        raise RunError(
            f"{run.log}: cannot be read: {error.strerror}", "kcnn runs lists the runs"
        ) from None
    text = whole.decode("utf-8", errors="replace")
    return (text.split("\n") if end else []), len(whole) + len(end)


class _LogFile(logging.FileHandler):
    """A log that a full disk truncates; its own errors never hide others."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record's text without what cannot be printed, such as bytes of file names."""
        return printable(super().format(record))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Skip the line."""

    def close(self) -> None:
        """Close the file, even if the last lines cannot be written."""
        with suppress(OSError):
            super().close()


class _Logged(Progress):
    """Write events to a log and pass them on to a display. Steps would fill the log.

    Args:
        logger: The log.
        progress: The display.
    """

    def __init__(self, logger: logging.Logger, progress: Progress) -> None:
        self._logger = logger
        self._progress = progress
        self._epochs = 0

    def receive(self, event: Event) -> None:
        """Write the event if the log keeps its kind; pass it on."""
        match event:
            case Note(text):
                self._logger.info(text)
            case TaskStarted(title):
                self._logger.info(title)
            case TrainingStarted(epochs, steps, batch_size):
                self._epochs = epochs
                self._logger.info(
                    "training: %d epochs of %d steps of %d images", epochs, steps, batch_size
                )
            case EpochFinished(epoch, row):
                values = (f"{name} {value:.6g}" for name, value in row.items() if name != "epoch")
                self._logger.info("epoch %d/%d: %s", epoch, self._epochs, " ".join(values))
        self._progress.receive(event)
