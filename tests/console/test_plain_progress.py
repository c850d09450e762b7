from __future__ import annotations

import pytest

from kcnn.console import plain_progress
from kcnn.console.plain_progress import PlainProgress
from kcnn.progress import EpochFinished, StepFinished, TrainingStarted

ROW = {"epoch": 1, "loss": 1 / 3, "accuracy": 0.98765, "learning_rate": 0.1, "seconds": 1.25}


def test_a_training_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainProgress()
    progress.note("a\x1b[31m line")
    progress.receive(TrainingStarted(10, 18, 64))
    progress.receive(StepFinished(1, 1, {"loss": 1.0}))
    progress.receive(EpochFinished(3, ROW))
    printed = capsys.readouterr()
    assert printed.out == ""
    first, *others = printed.err.splitlines()
    assert "\x1b" not in first and first.startswith("a") and first.endswith("line")
    assert others == [
        "Training: 10 epochs of 18 steps, 64 images a step",
        "epoch  3/10  loss 0.3333  accuracy 98.77 %  1.2 s",
    ]


@pytest.mark.parametrize(("limit", "printed"), [(0.0, "Reading: 0.0 s\n"), (60.0, "")])
def test_prints_a_line_only_after_long_work(
    limit: float, printed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_progress, "_SECONDS_BEFORE_A_LINE", limit)
    with PlainProgress().task("Reading", 3, "images") as advance:
        advance(3)
    assert capsys.readouterr().err == printed


def test_prints_no_line_after_failed_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_progress, "_SECONDS_BEFORE_A_LINE", 0.0)
    progress = PlainProgress()
    with progress.task("outer"), pytest.raises(ZeroDivisionError), progress.task("inner"):
        raise ZeroDivisionError
    assert capsys.readouterr().err == "outer: 0.0 s\n"


def test_lines_of_trials_begin_with_their_title(
    capsys: pytest.CaptureFixture[str], clock: list[float]
) -> None:
    row = {**ROW, "loss": 0.5, "accuracy": 0.9, "seconds": 2.0}
    with (
        PlainProgress().trials(2) as begin,
        begin("train.seed=0") as first,
        begin("train.seed=1") as second,
    ):
        first.receive(TrainingStarted(2, 10, 32))
        second.receive(TrainingStarted(2, 10, 32))
        clock[0] += 10
        second.receive(StepFinished(1, 1, {}))
        second.receive(EpochFinished(1, row))
        first.receive(StepFinished(1, 9, {}))
        first.receive(EpochFinished(1, row))
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


def test_the_title_of_a_fold_says_which_it_is(capsys) -> None:
    with PlainProgress().trials(3) as begin, begin("fold 1 of 3"):
        pass
    assert capsys.readouterr().err == "fold 1 of 3: training\n"
