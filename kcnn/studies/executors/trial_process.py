"""Train in a new process: with memory and random state that nothing else has changed."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import traceback
from _thread import start_new_thread
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from kcnn.errors import CrashError, KcnnError, TrainingError
from kcnn.machine.cores import pin_to_cores
from kcnn.machine.signals import exit_at_once, signals_blocked, stop_replaces_errors, watch_signals
from kcnn.machine.unused_packages import hide_unused_packages
from kcnn.progress import Event, Progress, TrainingStarted
from kcnn.runs.folder import RunFolder
from kcnn.studies.executors.executor import Outcome, Train


@dataclass(frozen=True)
class _Crash:
    """A bug that ended the child process: `CrashError` without its pickling."""

    reason: str
    stack: str


class TrialProcess:
    """A new process that trains a run; its progress is shown in this one.

    Args:
        train: Such as `kcnn.commands.fit.fit` or `kcnn.commands.resume.resume`.
        arguments: Its arguments, except `progress`.
        progress: Receives the events of the other process.
        cores: The cores that it may use; None for all, and TensorFlow's own number of threads.
    """

    def __init__(
        self,
        train: Train,
        arguments: Mapping[str, Any],
        progress: Progress,
        cores: Sequence[int] | None = None,
    ) -> None:
        # Not forked: TensorFlow's threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self.receiver, self._sender = context.Pipe(duplex=False)
        # Nothing is sent through this pipe. Its end closes when this process closes it or dies;
        # the other process then stops.
        self._parent_ended, self._parent = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_run_child,
            args=(self._sender, self._parent_ended, train, arguments, cores),
            daemon=True,
        )
        self._progress = progress
        self.has_trained = False  # whether its training has started
        self.has_died = False  # whether it ended without reporting an outcome

    def start(self) -> None:
        """Start the process."""
        # A terminal sends Ctrl-C to all processes in the foreground; one that is still starting
        # would end with a traceback.
        if sys.platform != "win32":
            # It starts with the first process, and would unblock the signal.
            resource_tracker.ensure_running()
        with signals_blocked([signal.SIGINT]):
            self._process.start()
        self._sender.close()  # the other process's copy is the last, so its end is noticed
        self._parent_ended.close()

    def stop(self) -> None:
        """Ask the process to stop, as Ctrl-C does; it keeps its finished epochs."""
        self._parent.close()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def receive(self) -> Outcome | CrashError | None:
        """Read the next message of the process; wait until there is one.

        Returns:
            The run or the error if the process has ended, else None.
        """
        try:
            message = self.receiver.recv()
        except (EOFError, OSError):  # OSError: in the middle of a message
            return self._ended(self._death())
        if isinstance(message, RunFolder | KcnnError):
            return self._ended(message)
        if isinstance(message, _Crash):
            return self._ended(CrashError(message.reason, message.stack))
        self.has_trained |= isinstance(message, TrainingStarted)
        self._progress.receive(message)
        return None

    def _ended(self, outcome: Outcome | CrashError) -> Outcome | CrashError:
        self._process.join()
        self.receiver.close()
        self._parent.close()
        return outcome

    def _death(self) -> TrainingError:
        self.has_died = True
        self._process.join()
        status = self._process.exitcode or 0
        if status == 0:
            return TrainingError(
                "the process that trained was asked to stop, by another program or user",
                "its finished epochs are kept: kcnn fit --resume continues its run",
            )
        if status > 0:
            return TrainingError(
                f"the process that trained ended with status {status}",
                "the lines above may show why",
            )
        return TrainingError(
            f"the process that trained was killed by signal {-status}",
            "was there enough memory? A smaller train.batch_size or fewer --jobs need less",
        )


def _run_child(
    sender: Connection,
    parent_ended: Connection,
    train: Train,
    arguments: Mapping[str, Any],
    cores: Sequence[int] | None,
) -> None:
    """Train in the new process; end it at a stop request, or when its parent has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it, and stops this one
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    hide_unused_packages()
    try:
        watch_signals()
        start_new_thread(_stop_with_parent, (parent_ended,))
        if cores is not None:
            pin_to_cores(cores)
        _train_and_report(sender, train, arguments)
    except KeyboardInterrupt:
        sender.close()
    exit_at_once(0)


def _stop_with_parent(parent_ended: Connection) -> None:
    """Wait until the parent's end of a pipe is closed; then stop this process."""
    with suppress(EOFError, OSError):
        parent_ended.recv_bytes()
    signal.raise_signal(signal.SIGTERM)


def _train_and_report(sender: Connection, train: Train, arguments: Mapping[str, Any]) -> None:
    """Train, and send the run or the error to the parent."""
    relay = _Relay(sender)
    try:
        with stop_replaces_errors():
            result = train(progress=relay, **arguments)
        relay.send(result.run)
    except KcnnError as error:
        relay.send(error)
    except Exception as error:
        relay.send(_Crash(f"{type(error).__name__}: {error}", traceback.format_exc()))


class _Relay(Progress):
    """Send events to another process.

    Args:
        sender: The pipe's end; Keras reports steps from a thread of its own.
    """

    def __init__(self, sender: Connection) -> None:
        self._sender = sender
        self._lock = threading.Lock()

    def receive(self, event: Event) -> None:
        """Send the event."""
        self.send(event)

    def send(self, message: Event | Outcome | _Crash) -> None:
        """Send one message; ignore a closed pipe, since the parent's end stops the work."""
        with self._lock, suppress(OSError):
            self._sender.send(message)
