"""Run trials on this machine, each in its own process."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import wait

from kcnn.errors import CrashError, KcnnError, TrainingError
from kcnn.machine.signals import on_forced_end, stops_deferred
from kcnn.progress import BeginTrial, Progress
from kcnn.studies.executors.executor import Attempt, Outcome
from kcnn.studies.executors.trial_process import TrialProcess
from kcnn.studies.resources import Resources


@dataclass(frozen=True)
class ProcessExecutor:
    """Runs attempts in processes of this machine.

    Args:
        resources: The resources of each process that runs at the same time.
    """

    resources: Sequence[Resources]

    def run(
        self, attempts: Sequence[Attempt], progress: Progress, keep_going: bool = False
    ) -> list[Outcome]:
        """Run as many attempts at the same time as there are resources; see `Executor.run`.

        Call this from the main thread: no other thread receives signals. If this process has to end
        at once, all of its processes are killed.
        """
        return _Execution(attempts, self.resources, progress, keep_going).run()


@dataclass(frozen=True)
class _Running:
    index: int
    attempt: Attempt
    resources: Resources
    process: TrialProcess
    progress: Progress
    display: ExitStack


class _Execution:
    def __init__(
        self,
        attempts: Sequence[Attempt],
        resources: Sequence[Resources],
        progress: Progress,
        keep_going: bool,
    ) -> None:
        self._attempts = attempts
        self._waiting = deque(range(len(attempts)))
        self._free = deque(resources)
        self._running: dict[object, _Running] = {}  # by the pipe that the process reports to
        self._outcomes: dict[int, Outcome] = {}
        self._progress = progress
        self._keep_going = keep_going
        self._is_stopping = False
        self._failure: KcnnError | CrashError | None = None

    def run(self) -> list[Outcome]:
        with (
            stops_deferred(self._stop),
            on_forced_end(self._kill),
            self._progress.trials(len(self._attempts)) as begin,
        ):
            while self._running or (self._waiting and not self._is_stopping):
                while self._waiting and self._free and not self._is_stopping:
                    self._start(begin)
                for receiver in wait([running.process.receiver for running in self._processes()]):
                    self._receive(receiver)
        if self._failure is not None:
            raise self._failure
        return [self._outcomes[index] for index in range(len(self._attempts))]

    def _processes(self) -> list[_Running]:
        """Return a copy of the running processes, which a signal may change during a loop."""
        return list(self._running.values())

    def _start(self, begin: BeginTrial) -> None:
        index, resources = self._waiting.popleft(), self._free.popleft()
        attempt = self._attempts[index]
        display = ExitStack()
        progress = display.enter_context(begin(attempt.title))
        self._launch(index, attempt, resources, progress, display)

    def _launch(
        self,
        index: int,
        attempt: Attempt,
        resources: Resources,
        progress: Progress,
        display: ExitStack,
    ) -> None:
        arguments = {**attempt.arguments, "device": resources.device}
        process = TrialProcess(attempt.train, arguments, progress, resources.cores)
        process.start()
        running = _Running(index, attempt, resources, process, progress, display)
        self._running[process.receiver] = running
        if self._is_stopping:  # a signal came before the process was among the running ones
            process.stop()

    def _receive(self, receiver: object) -> None:
        running = self._running[receiver]
        outcome = running.process.receive()
        if outcome is None:
            return
        del self._running[receiver]
        if isinstance(outcome, CrashError):
            running.display.close()
            self._failure = self._failure or outcome
            self._stop()
            return
        if isinstance(outcome, KcnnError) and not self._is_stopping:
            if running.attempt.fallback is not None and _was_refused(running.process, outcome):
                self._launch_fallback(running, running.attempt.fallback, outcome)
                return
            if not (self._keep_going and _failed_by_itself(running.process, outcome)):
                message = f"{running.attempt.title}: {outcome.message}"
                self._failure = KcnnError(message, outcome.hint)
                self._stop()
        running.display.close()
        self._free.append(running.resources)
        self._outcomes[running.index] = outcome

    def _launch_fallback(self, running: _Running, fallback: Attempt, refusal: KcnnError) -> None:
        reason = "; ".join(refusal.message.splitlines())
        running.progress.note(f"{reason}; another run is trained instead")
        self._launch(running.index, fallback, running.resources, running.progress, running.display)

    def _stop(self) -> None:
        self._is_stopping = True
        for running in self._processes():
            running.process.stop()

    def _kill(self) -> None:
        for running in self._processes():
            running.process.kill()


def _was_refused(process: TrialProcess, error: KcnnError) -> bool:
    """Return whether an attempt was refused because of its arguments.

    A TrainingError comes from devices or memory, with which a fallback would fail too.
    """
    return not (process.has_trained or isinstance(error, TrainingError))


def _failed_by_itself(process: TrialProcess, error: KcnnError) -> bool:
    """Return whether a training failed for a reason that does not concern the others."""
    return process.has_trained and isinstance(error, TrainingError) and not process.has_died
