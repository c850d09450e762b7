from __future__ import annotations

import io
import os
import sys

import pytest
from rich.console import Console

from kcnn.console import progress as module
from kcnn.console.progress import LiveProgress
from kcnn.console.streams import own_standard_error


@pytest.mark.parametrize(
    ("first", "pace"),
    [
        ((1, 1), "1 images/s  6 min 20 s left"),  # 38 steps at 0.1 a second
        ((3, 1), "1 images/s  3 min 00 s left"),  # an epoch was finished before
        ((2, 8), "1 images/s  3 min 30 s left"),  # and seven steps of the next
    ],
)
def test_the_pace_is_that_of_this_process(
    first: tuple[int, int], pace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    display = LiveProgress()
    display._console = Console(file=io.StringIO(), force_terminal=True, width=150, highlight=False)
    epoch, step = first
    display.training_started(epochs=4, steps=10, batch_size=10)
    for later in range(2):
        now[0] += 10
        display.step_finished(epoch, step + later, {"loss": 0.5})
    display.training_finished()
    shown = display._console.file.getvalue()  # type: ignore[attr-defined]
    assert pace in shown


def test_a_bar_moves_while_standard_error_is_held_back(
    capfd: pytest.CaptureFixture[str],
) -> None:
    own = own_standard_error()
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        os.write(2, b"held back\n")
        own.write("the bar\n")
        own.flush()
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)
    assert capfd.readouterr().err == "the bar\n"


def test_a_standard_error_without_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(sys, "stderr", text)
    assert own_standard_error() is text
