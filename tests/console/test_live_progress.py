from __future__ import annotations

import io

import pytest
from rich.console import Console

from kcnn.console.live_progress import LiveProgress
from kcnn.progress import (
    EpochFinished,
    StepFinished,
    TaskStarted,
    TrainingFinished,
    TrainingStarted,
)

ROW = {"epoch": 1, "loss": 0.5, "accuracy": 0.9, "learning_rate": 0.1, "seconds": 2.0}


@pytest.fixture
def terminal() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(terminal: io.StringIO) -> LiveProgress:
    return LiveProgress(Console(file=terminal, force_terminal=True, width=150, highlight=False))


@pytest.mark.parametrize(
    ("first", "speed"),
    [
        ((1, 1), "1 images/s  6 min 20 s left"),  # 38 steps at 0.1 a second
        ((3, 1), "1 images/s  3 min 00 s left"),  # an epoch was finished before
        ((2, 8), "1 images/s  3 min 30 s left"),  # and seven steps of the next
    ],
)
def test_the_speed_counts_only_steps_of_this_process(
    first: tuple[int, int],
    speed: str,
    clock: list[float],
    terminal: io.StringIO,
    progress: LiveProgress,
) -> None:
    epoch, step = first
    progress.receive(TrainingStarted(epochs=4, steps=10, batch_size=10))
    for later in range(2):
        clock[0] += 10
        progress.receive(StepFinished(epoch, step + later, {"loss": 0.5}))
    progress.receive(EpochFinished(epoch, ROW))
    progress.receive(TrainingFinished())
    shown = terminal.getvalue()
    assert speed in shown
    assert f"epoch {epoch}/4  loss 0.5000  accuracy 90.00 %  2.0 s" in shown


def test_tasks_nest_and_end_with_their_error(terminal: io.StringIO, progress: LiveProgress) -> None:
    with progress.task("Loading", 9, "images") as advance:
        with pytest.raises(ZeroDivisionError), progress.task("Unpacking"):
            raise ZeroDivisionError
        advance(4)
        progress.note("a line")
    shown = terminal.getvalue()
    assert "Loading" in shown and "4/9" in shown and "a line\n" in shown.replace("\r", "")
    assert shown.count("\x1b[?25h") == shown.count("\x1b[?25l")  # the cursor is there again


def test_counts_bytes_in_the_unit_that_they_fill(
    terminal: io.StringIO, progress: LiveProgress
) -> None:
    with progress.task("Fetching", 2_500_000, "bytes") as advance:
        advance(1_500_000)
    assert "1.5/2.5 MB" in terminal.getvalue()


def test_shows_a_bar_for_each_trial_and_for_all(
    clock: list[float], terminal: io.StringIO, progress: LiveProgress
) -> None:
    with progress.trials(2) as begin, begin("[SGD]") as first:
        first.receive(TrainingStarted(2, 10, 32))
        clock[0] += 10
        first.receive(StepFinished(1, 1, {"loss": 0.75}))
        first.receive(StepFinished(2, 5, {"loss": 0.25}))
        first.receive(EpochFinished(2, ROW))
        with begin("Adam") as second, second.task("Loading"):
            second.note("a line")
    shown = terminal.getvalue()
    assert "epoch 2/2  loss 0.2500" in shown
    assert "[SGD]: epoch 2/2  loss 0.5000  accuracy 90.00 %  2.0 s" in shown
    assert "Adam: a line" in shown
    assert "0 of 2 trained" in shown
    assert "17 s left for all" in shown


def test_the_bar_of_a_trial_shows_its_task_and_goes_with_it(
    terminal: io.StringIO, progress: LiveProgress
) -> None:
    with progress.trials(3) as begin:
        with begin("SGD") as first:
            first.receive(TaskStarted("Loading", 9, "images"))
            with begin("Adam"):  # draws all bars again
                assert "Loading" in terminal.getvalue()
        drawn = len(terminal.getvalue())
        with begin("Lion"):
            bars = terminal.getvalue()[drawn:]
    assert "Lion" in bars and "2 of 3 trained" in bars
    assert "SGD" not in bars and "Adam" not in bars
    shown = terminal.getvalue()
    assert shown.count("\x1b[?25h") == shown.count("\x1b[?25l")  # the cursor is there again
