"""Fits in a process of its own: a memory and a random state that nothing else has touched."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from kcnn.commands.fit import FitResult, fit
from kcnn.errors import KcnnError, TrainingError
from kcnn.progress import Advance, Progress
from kcnn.runs import RunFolder


def fit_in_process(progress: Progress | None = None, **arguments: Any) -> FitResult:
    """Does what `kcnn.commands.fit.fit` does, in a fresh process, and shows its progress here.

    Ctrl-C lets the other process end first, which keeps the epochs it has finished. To be called
    from the main thread, where Python hears of Ctrl-C.

    Args:
        progress: Shows the work as if it were done here.
        **arguments: What `fit` takes.

    Raises:
        KcnnError: What `fit` raised there.
        TrainingError: The process ended without a word.
    """
    # Not forked: TensorFlow's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_fit_and_tell, args=(sender, arguments), daemon=True)
    with receiver, _started_and_stopped_by_interrupts(process), ExitStack() as tasks:
        sender.close()  # the other process's copy is the last, so its end is heard of
        ending = _listen(receiver, progress or Progress(), tasks)
        process.join()
    if ending is None:
        raise TrainingError(
            f"the process that trained ended with status {process.exitcode} and without a word",
            "was there enough memory? A smaller train.batch_size needs less",
        )
    if isinstance(ending, KcnnError):
        raise ending
    return ending


def _listen(
    receiver: Connection, progress: Progress, tasks: ExitStack
) -> FitResult | KcnnError | None:
    """Shows what the other process tells until it is done, or gone (None)."""
    open_tasks: list[tuple[ExitStack, Advance]] = []
    while True:
        try:
            name, values = receiver.recv()
        except EOFError:
            return None
        if name == "task_started":
            task = tasks.enter_context(ExitStack())
            open_tasks.append((task, task.enter_context(progress.task(*values))))
        elif name == "task_advanced":
            open_tasks[-1][1](*values)
        elif name == "task_finished":
            open_tasks.pop()[0].close()
        elif name == "finished":
            path, summary = values
            return FitResult(RunFolder(path), summary)
        elif name == "failed":
            return KcnnError(*values)
        else:
            getattr(progress, name)(*values)


@contextmanager
def _started_and_stopped_by_interrupts(process: BaseProcess) -> Iterator[None]:
    """Starts a process that Ctrl-C does not reach by itself: asked to end, at a second one killed.

    A KeyboardInterrupt here, in the middle of a message, would lose what the process says last.

    Raises:
        KeyboardInterrupt: Ctrl-C came, and the process has ended.
    """
    interrupts = 0

    def stop(signal_number: int, frame: object) -> None:
        nonlocal interrupts
        interrupts += 1
        (process.terminate if interrupts == 1 else process.kill)()

    former = signal.signal(signal.SIGINT, signal.SIG_IGN)  # which the process inherits
    try:
        process.start()
        signal.signal(signal.SIGINT, stop)
        yield
    finally:
        signal.signal(signal.SIGINT, former)
    if interrupts:
        raise KeyboardInterrupt


def _fit_and_tell(sender: Connection, arguments: Mapping[str, Any]) -> None:
    """Runs in the other process."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends as Ctrl-C does
    relay = _Relay(sender)
    try:
        result = fit(progress=relay, **arguments)
        relay.send("finished", result.run.path, result.summary)
    except KcnnError as error:
        relay.send("failed", error.message, error.hint)
    except KeyboardInterrupt:
        sender.close()


class _Relay(Progress):
    """Sends to another process what work tells of itself.

    Args:
        sender: The pipe's end; Keras tells of steps from a thread of its own.
    """

    def __init__(self, sender: Connection) -> None:
        self._sender = sender
        self._lock = threading.Lock()

    def send(self, name: str, *values: Any) -> None:
        """Sends one message; when nobody listens any more, the work ends as by Ctrl-C."""
        try:
            with self._lock:
                self._sender.send((name, values))
        except OSError:
            raise KeyboardInterrupt from None

    def note(self, text: str) -> None:
        """Sends the line."""
        self.send("note", text)

    @contextmanager
    def task(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
        """Sends the beginning, the steps and the end of the work."""
        self.send("task_started", title, total, unit)
        yield lambda count: self.send("task_advanced", count)
        self.send("task_finished")

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Sends the length of the training."""
        self.send("training_started", epochs, steps, batch_size)

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Sends the running metrics."""
        self.send("step_finished", epoch, step, dict(metrics))

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Sends the epoch's row."""
        self.send("epoch_finished", epoch, dict(row))

    def training_finished(self) -> None:
        """Sends the end of the training."""
        self.send("training_finished")
