"""Messages between two processes; test_processes.py has whole trainings."""

from __future__ import annotations

import multiprocessing
import posix
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kcnn.commands.fit import fit
from kcnn.errors import (
    CrashError,
    DataError,
    ExportError,
    KcnnError,
    RecipeError,
    RunError,
    TrainingError,
)
from kcnn.progress import (
    EpochFinished,
    Note,
    Progress,
    StepFinished,
    TaskAdvanced,
    TaskFinished,
    TaskStarted,
    TrainingStarted,
)
from kcnn.runs.folder import RunFolder
from kcnn.studies.executors import trial_process as module


def test_events_arrive_as_they_were_sent(recorder) -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    relay = module._Relay(sender)
    process = module.TrialProcess(fit, {}, recorder)
    process.receiver = receiver
    with relay.task("outer"), relay.task("Loading", 9, "images") as advance:
        advance(4)
        relay.note("a line")
    relay.receive(StepFinished(2, 7, {"loss": 0.75}))
    relay.receive(EpochFinished(2, {"loss": 0.5}))
    expected = [
        TaskStarted("outer"), TaskStarted("Loading", 9, "images"), TaskAdvanced(4), Note("a line"),
        TaskFinished(), TaskFinished(), StepFinished(2, 7, {"loss": 0.75}),
        EpochFinished(2, {"loss": 0.5}),
    ]  # fmt: skip
    endings = [process.receive() for _ in expected]
    assert recorder.events == expected
    assert endings == [None] * len(expected)
    assert not process.has_trained
    relay.receive(TrainingStarted(3, 10, 32))
    process.receive()
    assert process.has_trained


def test_a_closed_pipe_does_not_fail_the_training() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    receiver.close()
    with pytest.raises(OSError):
        sender.send("anybody?")
    module._Relay(sender).note("anybody?")  # not this stops the training, but the end of the parent


@pytest.mark.parametrize(
    "error",
    [DataError("a"), ExportError("a", "b"), KcnnError("a"), RunError("a\nb"), TrainingError("a"),
     RecipeError(["a:1: b", "a:2: c"], "d")],
)  # fmt: skip
def test_an_error_keeps_its_class(error: KcnnError) -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def fail(progress: Progress) -> None:
        raise error

    module._train_and_report(sender, fail, {})
    received = receiver.recv()
    assert type(received) is type(error)
    assert vars(received) == vars(error) and str(received) == str(error)


def outcome_of(arguments: Mapping[str, object]) -> RunFolder | KcnnError:
    process = module.TrialProcess(fit, arguments, Progress())
    process.start()
    while (ending := process.receive()) is None:
        pass
    return ending


def test_an_error_is_received_with_its_hint(tmp_path: Path) -> None:
    wrong = {"recipe": "digits", "overrides": ["train.epochs=0"], "output_dir": tmp_path}
    error = outcome_of(wrong)
    assert isinstance(error, RecipeError)
    assert "expected a number above 0; got 0" in error.message
    assert error.hint is not None


def test_a_bug_is_received_with_its_traceback() -> None:
    process = module.TrialProcess(fit, {"recipe": 3}, Progress())
    process.start()
    while (ending := process.receive()) is None:
        pass
    assert isinstance(ending, CrashError)
    (note,) = ending.__notes__
    assert note.startswith("in the process that trained:\nTraceback (most recent call last)")
    assert str(ending) in note


class EndsItsReceiver:
    """Kill the process that unpickles it, as the system does if memory runs out."""

    def __init__(self, end: Callable[..., None], *arguments: int) -> None:
        self._end = end, arguments

    def __reduce__(self) -> tuple[object, tuple[int, ...]]:
        return self._end


def test_a_process_that_exits() -> None:
    # posix._exit, because coverage replaces os._exit by a function that cannot be pickled.
    error = outcome_of({"recipe": EndsItsReceiver(posix._exit, 9)})
    assert isinstance(error, TrainingError)
    assert "ended with status 9" in error.message


def test_a_process_that_is_killed() -> None:
    error = outcome_of({"recipe": EndsItsReceiver(signal.raise_signal, signal.SIGKILL)})
    assert isinstance(error, TrainingError)
    assert "was killed by signal 9" in error.message
    assert error.hint is not None and "memory" in error.hint


def test_a_starting_process_is_not_interrupted(tmp_path: Path) -> None:
    """Starting the first process starts Python's resource tracker, which unblocks the signal."""
    code = """
import signal, sys
from multiprocessing import resource_tracker
from kcnn.studies.executors.trial_process import TrialProcess
from kcnn.progress import Progress

def fit(progress):
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    progress.note(f"blocked: {signal.SIGINT in blocked}")
    raise SystemExit

class Prints(Progress):
    def receive(self, event):
        print(event.text, flush=True)

if __name__ == "__main__":
    process = TrialProcess(fit, {}, Prints())
    process.start()
    process.receive()
    print(f"here: {signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])}")
    process.kill()
"""
    program = tmp_path / "program.py"
    program.write_text(code, encoding="utf-8")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "blocked: True\nhere: False\n", done.stderr
