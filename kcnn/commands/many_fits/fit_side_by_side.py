"""Several fits, some at a time, each in a process of its own; they stop together."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import Any

from kcnn.commands.fitting.complete_run import FitResult
from kcnn.commands.many_fits.fit_in_process import Ending, FitProcess
from kcnn.commands.many_fits.lanes import Lane
from kcnn.errors import KcnnError, TrainingError
from kcnn.progress import Begin, Progress
from kcnn.signals import ENDING, SECONDS_OF_ONE_PRESS


@dataclass(frozen=True)
class Fit:
    """One fit to be made, or to be gone on with.

    Args:
        title: What people call it.
        work: What fits, as `kcnn.commands.fit.fit` or `kcnn.commands.resume.resume`.
        arguments: What it takes, but for progress and device.
        instead: The fit to make where this one is refused before its training, as one that resumes
            a run of other devices.
    """

    title: str
    work: Callable[..., FitResult]
    arguments: Mapping[str, Any]
    instead: Fit | None = None


@dataclass(frozen=True)
class _Running:
    index: int
    fit: Fit
    lane: Lane
    process: FitProcess
    progress: Progress
    display: ExitStack


def fit_side_by_side(
    fits: Sequence[Fit],
    lanes: Sequence[Lane],
    progress: Progress,
    keep_going: bool = False,
) -> list[Ending]:
    """Makes fits, as many at a time as there are lanes, in their order.

    Ctrl-C or another signal that asks to end, or a fit that fails, lets every process end by
    itself, which keeps the epochs it has finished; at a signal more than a second later all are
    killed. To be called from the main thread, where Python hears of signals.

    Args:
        fits: What to do.
        lanes: What each of the fits at a time may use.
        progress: Shows the fits.
        keep_going: Whether the others go on when a training fails of itself: its loss is no longer
            a number, or its memory ran out. Whatever else fails, as a disk that is full, stops all.

    Returns:
        What became of each: its run or, where the others went on, its error.

    Raises:
        KcnnError: A fit failed; the message begins with its title.
        KeyboardInterrupt: A signal came, and every process has ended.
    """
    return _Fits(fits, lanes, progress, keep_going).run()


class _Fits:
    def __init__(
        self, fits: Sequence[Fit], lanes: Sequence[Lane], progress: Progress, keep_going: bool
    ) -> None:
        self._fits = fits
        self._waiting = deque(range(len(fits)))
        self._free = deque(lanes)
        self._running: dict[Connection, _Running] = {}
        self._endings: dict[int, Ending] = {}
        self._progress = progress
        self._keep_going = keep_going
        self._signal: int | None = None
        self._heard = 0.0
        self._failure: KcnnError | None = None

    def run(self) -> list[Ending]:
        with self._heard_signals(), self._progress.trainings(len(self._fits)) as begin:
            while self._running or (self._waiting and not self._is_stopping):
                while self._waiting and self._free and not self._is_stopping:
                    self._start(begin)
                for receiver in wait(list(self._running)):
                    assert isinstance(receiver, Connection)
                    self._hear(receiver)
        if self._failure is not None:
            raise self._failure
        return [self._endings[index] for index in range(len(self._fits))]

    @property
    def _is_stopping(self) -> bool:
        return self._signal is not None or self._failure is not None

    def _start(self, begin: Begin) -> None:
        index, lane = self._waiting.popleft(), self._free.popleft()
        fit = self._fits[index]
        display = ExitStack()
        self._launch(index, fit, lane, display.enter_context(begin(fit.title)), display)

    def _launch(
        self, index: int, fit: Fit, lane: Lane, progress: Progress, display: ExitStack
    ) -> None:
        arguments = {**fit.arguments, "device": lane.device}
        process = FitProcess(fit.work, arguments, progress, lane.cores)
        # The process inherits that it does not hear of Ctrl-C by itself: a KeyboardInterrupt there
        # would be a traceback, one here in the middle of a message would lose it.
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
        process.start()
        self._running[process.receiver] = _Running(index, fit, lane, process, progress, display)
        signal.signal(signal.SIGINT, heard)
        if self._is_stopping:  # a signal came before the process was among those that run
            process.stop()

    def _hear(self, receiver: Connection) -> None:
        running = self._running[receiver]
        ending = running.process.hear()
        if ending is None:
            return
        del self._running[receiver]
        if isinstance(ending, KcnnError) and not self._is_stopping:
            if running.fit.instead is not None and _was_refused(running.process, ending):
                self._launch_instead(running, running.fit.instead, ending)
                return
            if not (self._keep_going and _failed_of_itself(running.process, ending)):
                self._failure = KcnnError(f"{running.fit.title}: {ending.message}", ending.hint)
                self._stop()
        running.display.close()
        self._free.append(running.lane)
        self._endings[running.index] = ending

    def _launch_instead(self, running: _Running, instead: Fit, refusal: KcnnError) -> None:
        reason = "; ".join(refusal.message.splitlines())
        running.progress.note(f"{reason}; another run takes its place")
        self._launch(running.index, instead, running.lane, running.progress, running.display)

    def _stop(self) -> None:
        for running in list(self._running.values()):
            running.process.stop()

    @contextmanager
    def _heard_signals(self) -> Iterator[None]:
        """Hears signals in place of those who do so; lets them know when all processes ended."""

        def hear(number: int, frame: object) -> None:
            now = time.monotonic()
            if self._signal is None:
                self._signal, self._heard = number, now
                self._stop()
            elif now - self._heard > SECONDS_OF_ONE_PRESS:
                for running in list(self._running.values()):
                    running.process.kill()

        former = _signals_heard()
        for number in former:
            signal.signal(number, hear)
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
        if self._signal is not None:
            former[self._signal](self._signal, None)
            raise KeyboardInterrupt


def _was_refused(process: FitProcess, error: KcnnError) -> bool:
    """Says whether a fit was refused for what it was given; devices and memory stay as they are."""
    return not (process.has_trained or isinstance(error, TrainingError))


def _failed_of_itself(process: FitProcess, error: KcnnError) -> bool:
    return process.has_trained and isinstance(error, TrainingError) and not process.has_died


def _signals_heard() -> dict[int, Callable[[int, FrameType | None], Any]]:
    """Gives what is called at the signals that ask the process to end, where anything is."""
    handlers = {one: signal.getsignal(one) for one in ENDING}
    return {one: handler for one, handler in handlers.items() if callable(handler)}
