"""Several fits, some at a time, each in a process of its own; they stop together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any

from kcnn.errors import CrashError, KcnnError, TrainingError
from kcnn.machine.signals import on_forced_end, stops_deferred
from kcnn.progress import BeginTrial, Progress
from kcnn.studies.resources import Lane
from kcnn.studies.trial_process import Ending, FitProcess
from kcnn.training.complete_run import FitResult


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
    """Run fits in their order, one for each set of resources at a time.

    A stop request, such as Ctrl-C, or a fit that fails stops every process in good order, so that
    it keeps its finished epochs. If this process has to end at once, all of them are killed. Call
    this from the main thread: no other thread receives signals.

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
        CrashError: A fit met a bug in kcnn.
        Stopped: A signal came, and every process has ended.
    """
    return _Fits(fits, lanes, progress, keep_going).run()


class _Fits:
    def __init__(
        self, fits: Sequence[Fit], lanes: Sequence[Lane], progress: Progress, keep_going: bool
    ) -> None:
        self._fits = fits
        self._waiting = deque(range(len(fits)))
        self._free = deque(lanes)
        self._running: dict[object, _Running] = {}  # by the end of the pipe it reports to
        self._endings: dict[int, Ending] = {}
        self._progress = progress
        self._keep_going = keep_going
        self._is_stopping = False
        self._failure: KcnnError | CrashError | None = None

    def run(self) -> list[Ending]:
        with (
            stops_deferred(self._stop),
            on_forced_end(self._kill),
            self._progress.trials(len(self._fits)) as begin,
        ):
            while self._running or (self._waiting and not self._is_stopping):
                while self._waiting and self._free and not self._is_stopping:
                    self._start(begin)
                for receiver in wait([running.process.receiver for running in self._processes()]):
                    self._receive(receiver)
        if self._failure is not None:
            raise self._failure
        return [self._endings[index] for index in range(len(self._fits))]

    def _processes(self) -> list[_Running]:
        """Return a copy of the running processes, which a signal may change during a loop."""
        return list(self._running.values())

    def _start(self, begin: BeginTrial) -> None:
        index, lane = self._waiting.popleft(), self._free.popleft()
        fit = self._fits[index]
        display = ExitStack()
        self._launch(index, fit, lane, display.enter_context(begin(fit.title)), display)

    def _launch(
        self, index: int, fit: Fit, lane: Lane, progress: Progress, display: ExitStack
    ) -> None:
        arguments = {**fit.arguments, "device": lane.device}
        process = FitProcess(fit.work, arguments, progress, lane.cores)
        process.start()
        self._running[process.receiver] = _Running(index, fit, lane, process, progress, display)
        if self._is_stopping:  # a signal came before the process was among those that run
            process.stop()

    def _receive(self, receiver: object) -> None:
        running = self._running[receiver]
        ending = running.process.receive()
        if ending is None:
            return
        del self._running[receiver]
        if isinstance(ending, CrashError):
            running.display.close()
            self._failure = self._failure or ending
            self._stop()
            return
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
        self._is_stopping = True
        for running in self._processes():
            running.process.stop()

    def _kill(self) -> None:
        for running in self._processes():
            running.process.kill()


def _was_refused(process: FitProcess, error: KcnnError) -> bool:
    """Says whether a fit was refused for what it was given; devices and memory stay as they are."""
    return not (process.has_trained or isinstance(error, TrainingError))


def _failed_of_itself(process: FitProcess, error: KcnnError) -> bool:
    return process.has_trained and isinstance(error, TrainingError) and not process.has_died
