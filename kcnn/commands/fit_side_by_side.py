"""Several fits, some at a time, each in a process of its own; they stop together."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from kcnn.commands.fit_in_process import Ending, FitProcess
from kcnn.commands.lanes import Lane
from kcnn.errors import KcnnError
from kcnn.progress import Begin, Progress


@dataclass(frozen=True)
class Fit:
    """One fit to be made.

    Args:
        title: What people call it.
        arguments: What `kcnn.commands.fit.fit` takes, but for progress and device.
    """

    title: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class _Running:
    index: int
    lane: Lane
    process: FitProcess
    display: ExitStack


def fit_side_by_side(
    fits: Sequence[Fit],
    lanes: Sequence[Lane],
    progress: Progress,
    goes_on: bool = False,
) -> list[Ending]:
    """Makes fits, as many at a time as there are lanes, in their order.

    Ctrl-C, or a fit that fails, lets every process end by itself, which keeps the epochs it has
    finished; at a second Ctrl-C all are killed. To be called from the main thread, where Python
    hears of Ctrl-C.

    Args:
        fits: What to do.
        lanes: What each of the fits at a time may use.
        progress: Shows the fits.
        goes_on: Whether the others go on when a fit fails in its training, as a loss does that is
            no longer a number. Whatever else fails stops all.

    Returns:
        What became of each: its run or, where the others went on, its error.

    Raises:
        KcnnError: A fit failed; the message begins with its title.
        KeyboardInterrupt: Ctrl-C came, and every process has ended.
    """
    return _Fits(fits, lanes, progress, goes_on).run()


class _Fits:
    def __init__(
        self, fits: Sequence[Fit], lanes: Sequence[Lane], progress: Progress, goes_on: bool
    ) -> None:
        self._fits = fits
        self._waiting = deque(range(len(fits)))
        self._free = deque(lanes)
        self._running: dict[Connection, _Running] = {}
        self._endings: dict[int, Ending] = {}
        self._progress = progress
        self._goes_on = goes_on
        self._interrupts = 0
        self._failure: KcnnError | None = None

    def run(self) -> list[Ending]:
        with self._progress.trainings(len(self._fits)) as begin, self._heard_interrupts():
            while self._running or (self._waiting and not self._is_stopping):
                while self._waiting and self._free and not self._is_stopping:
                    self._start(begin)
                for receiver in wait(list(self._running)):
                    assert isinstance(receiver, Connection)
                    self._hear(receiver)
        if self._interrupts:
            raise KeyboardInterrupt
        if self._failure is not None:
            raise self._failure
        return [self._endings[index] for index in range(len(self._fits))]

    @property
    def _is_stopping(self) -> bool:
        return self._interrupts > 0 or self._failure is not None

    def _start(self, begin: Begin) -> None:
        index, lane = self._waiting.popleft(), self._free.popleft()
        fit = self._fits[index]
        display = ExitStack()
        progress = display.enter_context(begin(fit.title))
        arguments = {**fit.arguments, "device": lane.device}
        process = FitProcess(arguments, progress, lane.cores)
        # The process inherits that it does not hear of Ctrl-C by itself: a KeyboardInterrupt there
        # would be a traceback, one here in the middle of a message would lose it.
        heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
        process.start()
        self._running[process.receiver] = _Running(index, lane, process, display)
        signal.signal(signal.SIGINT, heard)

    def _hear(self, receiver: Connection) -> None:
        running = self._running[receiver]
        ending = running.process.hear()
        if ending is None:
            return
        del self._running[receiver]
        running.display.close()
        self._free.append(running.lane)
        self._endings[running.index] = ending
        may_go_on = self._goes_on and running.process.has_trained and not running.process.has_died
        if isinstance(ending, KcnnError) and not self._is_stopping and not may_go_on:
            title = self._fits[running.index].title
            self._failure = KcnnError(f"{title}: {ending.message}", ending.hint)
            self._stop()

    def _stop(self) -> None:
        for running in list(self._running.values()):
            running.process.stop()

    @contextmanager
    def _heard_interrupts(self) -> Iterator[None]:
        def hear(signal_number: int, frame: object) -> None:
            self._interrupts += 1
            if self._interrupts == 1:
                self._stop()
            else:
                for running in list(self._running.values()):
                    running.process.kill()

        former = signal.signal(signal.SIGINT, hear)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, former)
