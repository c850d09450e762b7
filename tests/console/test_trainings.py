from __future__ import annotations

import io

import pytest
from rich.console import Console

from kcnn.console import trainings as module
from kcnn.console.progress import PlainProgress
from kcnn.console.trainings import Whole, follow_live, steps_before

ROW = {"epoch": 1, "loss": 0.5, "accuracy": 0.9, "learning_rate": 0.1, "seconds": 2.0}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which a test may move."""
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_the_time_left_for_all(clock: list[float]) -> None:
    whole = Whole(4)
    first, second = whole.begin(), whole.begin()
    assert whole.left == ""
    clock[0] += 30
    for number in (first, second):
        whole.measure(number, epochs=2, steps=10)
        assert whole.advance(number, epoch=1, step=10) == 0.5
    assert whole.left == "1 min 30 s left for all"
    whole.end(first)
    assert whole.done == pytest.approx(0.375)


def test_the_time_left_where_one_goes_on_after_its_tenth_epoch(clock: list[float]) -> None:
    whole = Whole(2)
    first = whole.begin()
    whole.measure(first, epochs=11, steps=100)
    clock[0] += 30
    whole.advance(first, epoch=11, step=1)
    whole.advance(first, epoch=11, step=50)
    assert whole.left == "11 min 30 s left for all"  # for 11.5 epochs
    whole.advance(first, epoch=11, step=100)
    assert whole.left == "5 min 30 s left for all"


def test_the_time_left_where_one_goes_on_within_an_epoch(clock: list[float]) -> None:
    whole = Whole(2)
    first = whole.begin()
    whole.measure(first, epochs=1, steps=100)
    clock[0] += 10
    whole.advance(first, epoch=1, step=81)
    assert whole.left == "19 min 50 s left for all"  # for 119 steps
    clock[0] += 10
    whole.advance(first, epoch=1, step=90)
    assert whole.left == "3 min 40 s left for all"  # for 110, 2 s each


@pytest.mark.parametrize(
    ("step", "before"),
    [(1, 0), (20, 0), (10, 0), (8, 7), (19, 18)],  # Keras takes 1, 20 or 10 of 20 at a time
)
def test_steps_that_earlier_processes_took(step: int, before: int) -> None:
    assert steps_before(step, 20) == before


def test_plain_lines_name_their_training(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with (
        PlainProgress().trainings(2) as begin,
        begin("train.seed=0") as first,
        begin("train.seed=1") as second,
    ):
        first.training_started(2, 10, 32)
        second.training_started(2, 10, 32)
        clock[0] += 10
        second.step_finished(1, 1, {})
        second.epoch_finished(1, ROW)
        first.step_finished(1, 9, {})
        first.epoch_finished(1, ROW)
        first.note("a line")
    assert capsys.readouterr().err.splitlines() == [
        "train.seed=0: training 1 of 2",
        "train.seed=1: training 2 of 2",
        "train.seed=0: Training: 2 epochs of 10 steps, 32 images a step",
        "train.seed=1: Training: 2 epochs of 10 steps, 32 images a step",
        "train.seed=1: epoch 1/2  loss 0.5000  accuracy 90.00 %  2.0 s  (30 s left for all)",
        "train.seed=0: epoch 1/2  loss 0.5000  accuracy 90.00 %  2.0 s  (17 s left for all)",
        "train.seed=0: a line",
    ]


def test_a_bar_for_each_and_one_for_all(clock: list[float]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, highlight=False)
    with follow_live(console, 2) as begin, begin("[SGD]") as first:
        first.training_started(2, 10, 32)
        clock[0] += 10
        first.step_finished(1, 1, {"loss": 0.75})
        first.step_finished(2, 5, {"loss": 0.25})
        first.epoch_finished(2, ROW)
        with begin("Adam") as second, second.task("Loading"):
            console.print("", end="")
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "epoch 2/2  loss 0.2500" in shown
    assert "[SGD]: epoch 2/2  loss 0.5000  accuracy 90.00 %  2.0 s" in shown
    assert "0 of 2 trained" in shown
    assert "17 s left for all" in shown
