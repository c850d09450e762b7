from __future__ import annotations

import pytest

from kcnn.console.pace import Pace, steps_before


def test_the_time_left_for_all(clock: list[float]) -> None:
    pace = Pace(4)
    assert pace.left == ""
    clock[0] += 30
    for trial in (1, 2):
        pace.begin(trial, epochs=2, steps=10)
        assert pace.finish_epoch(trial, epoch=1) == 0.5
    assert pace.left == "1 min 30 s left for all"
    pace.end(1)
    assert pace.done == pytest.approx(0.375)
    for trial in (2, 3, 4):
        pace.end(trial)
    assert (pace.done, pace.left) == (1, "")


def test_the_time_left_if_a_trial_resumes_after_its_tenth_epoch(clock: list[float]) -> None:
    pace = Pace(2)
    pace.begin(1, epochs=11, steps=100)
    clock[0] += 30
    pace.advance(1, epoch=11, step=1)
    pace.advance(1, epoch=11, step=50)
    assert pace.left == "11 min 30 s left for all"  # for 11.5 epochs
    pace.advance(1, epoch=11, step=100)
    assert pace.left == "5 min 30 s left for all"


def test_the_time_left_if_a_trial_resumes_within_an_epoch(clock: list[float]) -> None:
    pace = Pace(2)
    pace.begin(1, epochs=1, steps=100)
    clock[0] += 10
    pace.advance(1, epoch=1, step=81)
    assert pace.left == "19 min 50 s left for all"  # for 119 steps
    clock[0] += 10
    pace.advance(1, epoch=1, step=90)
    assert pace.left == "3 min 40 s left for all"  # for 110, 2 s each


@pytest.mark.parametrize(
    ("step", "before"),
    [(1, 0), (20, 0), (10, 0), (8, 7), (19, 18)],  # Keras runs 1, 20 or 10 of 20 per execution
)
def test_steps_of_earlier_processes(step: int, before: int) -> None:
    assert steps_before(step, 20) == before
