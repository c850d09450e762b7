"""Fits in a process of its own: a memory and a random state that nothing else has touched."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any

from kcnn.commands.fitting.complete_run import FitResult
from kcnn.cores import stay_on
from kcnn.errors import KcnnError, TrainingError
from kcnn.progress import Advance, Progress
from kcnn.runs import RunFolder

Ending = RunFolder | KcnnError


class FitProcess:
    """What trains a run, in a fresh process, with its progress shown here.

    Args:
        work: What fits, as `kcnn.commands.fit.fit` or `kcnn.commands.resume.resume`.
        arguments: What it takes.
        progress: Shows the work as if it were done here.
        cores: The cores to stay on; None for all, and TensorFlow's own number of threads.
    """

    def __init__(
        self,
        work: Callable[..., FitResult],
        arguments: Mapping[str, Any],
        progress: Progress,
        cores: Sequence[int] | None = None,
    ) -> None:
        # Not forked: TensorFlow's threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self.receiver, self._sender = context.Pipe(duplex=False)
        self._process = context.Process(
            target=_fit_and_tell, args=(self._sender, work, arguments, cores), daemon=True
        )
        self._progress = progress
        self._tasks = ExitStack()
        self._open: list[tuple[ExitStack, Advance]] = []
        self.has_trained = False  # whether it came so far as to train
        self.has_died = False  # whether it ended without a word

    def start(self) -> None:
        """Starts the process."""
        self._process.start()
        self._sender.close()  # the other process's copy is the last, so its end is heard of

    def stop(self) -> None:
        """Lets the process end as by Ctrl-C, which keeps the epochs it has finished."""
        self._process.terminate()

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.kill()

    def hear(self) -> Ending | None:
        """Takes the next message, and waits for it if need be.

        Returns:
            The run or the error when the process has come to its end, else None.
        """
        try:
            name, values = self.receiver.recv()
        except (EOFError, OSError):  # OSError: in the middle of a message
            return self._ended(self._gone())
        if name == "finished":
            return self._ended(RunFolder(*values))
        if name == "failed":
            return self._ended(*values)
        self._show(name, values)
        return None

    def _ended(self, ending: Ending) -> Ending:
        self._tasks.close()
        self._process.join()
        self.receiver.close()
        return ending

    def _gone(self) -> TrainingError:
        self.has_died = True
        self._process.join()
        status = self._process.exitcode or 0
        if status == 0:
            return TrainingError(
                "the process that trained was asked to stop, by another program or user",
                "its finished epochs are kept: kcnn fit --resume goes on with its run",
            )
        if status > 0:
            return TrainingError(
                f"the process that trained ended with status {status}, without a word",
                "what it wrote above may say why",
            )
        return TrainingError(
            f"the process that trained was killed by signal {-status}, without a word",
            "was there enough memory? A smaller train.batch_size needs less, and so do fewer "
            "trainings at a time",
        )

    def _show(self, name: str, values: Sequence[Any]) -> None:
        if name == "task_started":
            task = self._tasks.enter_context(ExitStack())
            self._open.append((task, task.enter_context(self._progress.task(*values))))
        elif name == "task_advanced":
            self._open[-1][1](*values)
        elif name == "task_finished":
            self._open.pop()[0].close()
        else:
            self.has_trained |= name == "training_started"
            getattr(self._progress, name)(*values)


def _fit_and_tell(
    sender: Connection,
    work: Callable[..., FitResult],
    arguments: Mapping[str, Any],
    cores: Sequence[int] | None,
) -> None:
    """Runs in the other process."""
    relay = _Relay(sender)
    signal.signal(signal.SIGTERM, relay.stop)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the first process hears it, and stops this
    if cores is not None:
        stay_on(cores)
    try:
        result = work(progress=relay, **arguments)
        relay.send("finished", result.run.path)
    except KcnnError as error:
        relay.send("failed", error)
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
        self._is_stopping = False

    def stop(self, signal_number: int, frame: object) -> None:
        """Ends the work as Ctrl-C does; is called when the process is asked to end.

        Python drops an exception that comes while it clears objects away. One that was dropped is
        raised again where the next part of the work begins, or after the epoch. Who asks twice, as
        a shell that ends all of its processes does beside the first process, must not interrupt the
        ending.
        """
        if self._is_stopping:
            return
        self._is_stopping = True
        raise KeyboardInterrupt

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
        self._end_if_asked()
        self.send("task_started", title, total, unit)
        yield lambda count: self.send("task_advanced", count)
        self.send("task_finished")

    def training_started(self, epochs: int, steps: int, batch_size: int) -> None:
        """Sends the length of the training."""
        self._end_if_asked()
        self.send("training_started", epochs, steps, batch_size)

    def step_finished(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Sends the running metrics."""
        self.send("step_finished", epoch, step, dict(metrics))

    def epoch_finished(self, epoch: int, row: Mapping[str, float]) -> None:
        """Sends the epoch's row."""
        self.send("epoch_finished", epoch, dict(row))
        self._end_if_asked()

    def training_finished(self) -> None:
        """Sends the end of the training."""
        self.send("training_finished")

    def _end_if_asked(self) -> None:
        if self._is_stopping:
            raise KeyboardInterrupt
