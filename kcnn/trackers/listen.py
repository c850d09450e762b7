"""Let trackers listen to a run, so that it neither waits for them nor fails with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from kcnn.errors import KcnnError
from kcnn.machine.signals import ENDING, signals_blocked
from kcnn.progress import EpochFinished, Event, Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.log import log_notes
from kcnn.runs.metrics import read_metrics
from kcnn.text.shell import shell_word
from kcnn.trackers.tracker import Row, Tracker

# How long a run waits at its end for a tracker that makes no progress.
_SECONDS_WITHOUT_PROGRESS = 120.0
# The same for a run that was stopped or failed, whose user waits for the prompt.
_SECONDS_WHEN_STOPPED = 5.0
_SECONDS_BETWEEN_LOOKS = 0.05


@contextmanager
def tracked(run: RunFolder, trackers: Sequence[Tracker], progress: Progress) -> Iterator[Progress]:
    """Send what happens inside to trackers, and how it ends.

    Args:
        run: The run; resolved.yaml and environment.json are written.
        trackers: The trackers.
        progress: The display, which gets a note if a tracker fails.

    Yields:
        The progress that trackers listen to.
    """
    threads = [_Sender(tracker, run) for tracker in trackers]
    listening = _Listening(run, threads, progress)
    with signals_blocked(ENDING):  # in the new threads: a signal must interrupt the main thread
        for thread in threads:
            thread.start()
    try:
        yield listening if trackers else progress
    except BaseException as error:
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        listening.end(status, _SECONDS_WHEN_STOPPED)
        raise
    listening.end("finished", _SECONDS_WITHOUT_PROGRESS)


class _Sender(threading.Thread):
    """The thread in which one tracker works.

    It is woken after each epoch. A slow tracker gets several rows at once, and one that failed gets
    them again.

    Args:
        tracker: The tracker.
        run: The run.
    """

    def __init__(self, tracker: Tracker, run: RunFolder) -> None:
        # A daemon: the process may end while a server does not answer.
        super().__init__(name=tracker.title, daemon=True)
        self.tracker = tracker
        self.is_complete = False
        self.failures: list[str] = []
        self.last_progress = 0.0
        self._run = run
        self._woken = threading.Event()
        self._woken.set()  # to begin with `start`
        self._is_started = False
        self._rows: Sequence[Row] = ()
        self._sent = 0
        self._status: str | None = None

    def send(self, rows: Sequence[Row], status: str | None = None) -> None:
        """Send what is new, without waiting for it.

        Args:
            rows: All rows of metrics.csv.
            status: How the run ended; then the thread ends, too.
        """
        self.advance()
        self._rows, self._status = rows, status
        self._woken.set()

    def advance(self) -> None:
        """Note that the tracker makes progress."""
        self.last_progress = time.monotonic()

    def run(self) -> None:
        """Send until the run has ended."""
        status = None
        while status is None:
            self._woken.wait()
            self._woken.clear()
            status = self._status
            try:
                self._send(status)
            except Exception as error:  # whatever a tracker raises, the training goes on
                self._is_started, self._sent = False, 0
                self.failures.append(reason(self.tracker, error))

    def _send(self, status: str | None) -> None:
        if not self._is_started:
            self.tracker.start(self._run)
            self._is_started = True
            self.advance()
        rows = self._rows
        if len(rows) > self._sent:
            self.tracker.add_epochs(rows[self._sent :])
            self._sent = len(rows)
            self.advance()
        if status is not None:
            self.tracker.finish(status, self.advance)
            self.is_complete = True


class _Listening(Progress):
    """Wake trackers after each epoch, and note once if one of them fails."""

    def __init__(self, run: RunFolder, senders: Sequence[_Sender], progress: Progress) -> None:
        self._run = run
        self._senders = senders
        self._progress = progress
        self._unwarned = list(senders)
        self._lock = threading.Lock()  # steps come from a thread of Keras

    def receive(self, event: Event) -> None:
        """Pass an event on; after an epoch, wake the trackers."""
        self._progress.receive(event)
        if isinstance(event, EpochFinished):
            self._send(None)
        self._warn("the training goes on, and each epoch tries again. Later")

    def end(self, status: str, patience: float) -> None:
        """Wait until the trackers have everything; stop waiting for one that makes no progress.

        Args:
            status: How the run ended.
            patience: Seconds without progress.
        """
        self._send(status)
        try:
            self._wait(status, patience)
        except KeyboardInterrupt:
            for sender in self._senders:
                if sender.is_alive():
                    sender.failures.append("stopped")
            raise
        finally:
            self._warn("it does not have the whole run. To send it")

    def _wait(self, status: str, patience: float) -> None:
        for sender in self._senders:
            with self._progress.task(f"Sending the run to {sender.tracker.title}"):
                while sender.is_alive() and time.monotonic() - sender.last_progress < patience:
                    sender.join(_SECONDS_BETWEEN_LOOKS)
            if sender.is_alive():
                sender.failures.append(f"no answer for {patience:.0f} seconds")
            elif sender.is_complete and status == "finished":
                self._note(f"{sender.tracker.title}: {sender.tracker.where()}")

    def _send(self, status: str | None) -> None:
        # Here, not in the threads: Windows cannot replace a file while another thread reads it.
        rows = []
        with suppress(KcnnError):  # no epoch has ended
            rows = read_metrics(self._run)
        for sender in self._senders:
            sender.send(rows, status)

    def _warn(self, consequence: str) -> None:
        """Note the first failure of each tracker, once."""
        if not any(sender.failures for sender in self._unwarned):
            return
        with self._lock:
            failed = [sender for sender in self._unwarned if sender.failures]
            self._unwarned = [sender for sender in self._unwarned if sender not in failed]
        for sender in failed:
            command = track_command(self._run, sender.tracker)
            self._note(f"{sender.tracker.title}: {sender.failures[0]}; {consequence}: {command}")

    def _note(self, text: str) -> None:
        self._progress.note(text)
        with suppress(KcnnError):  # a full disk is reported by the run itself
            log_notes(self._run, [text])


def track_command(run: RunFolder, tracker: Tracker) -> str:
    """Return the command that sends a run to a tracker again."""
    words = ["kcnn", "track", shell_word(run.path), f"--{tracker.name}"]
    if tracker.destination:
        words.append(shell_word(tracker.destination))
    return " ".join(words)


def reason(tracker: Tracker, error: Exception) -> str:
    """Return in one line why a tracker failed."""
    return error.message if isinstance(error, KcnnError) else tracker.explain(error)
