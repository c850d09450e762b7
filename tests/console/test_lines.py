from __future__ import annotations

import pytest

from kcnn.console import lines
from kcnn.console.lines import PlainLines, duration, epoch_line, shown_metrics

ROW = {"epoch": 3, "loss": 1 / 3, "accuracy": 0.98765, "learning_rate": 0.1, "seconds": 1.25}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"),
        (3599.4, "59 min 59 s"), (3600, "1 h 00 min"), (7500, "2 h 05 min"),
    ],
)  # fmt: skip
def test_a_length_of_time(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_an_epoch_in_one_line() -> None:
    assert epoch_line(3, 10, ROW) == "epoch  3/10  loss 0.3333  accuracy 98.77 %  1.2 s"
    assert epoch_line(3, 3, ROW) == "epoch 3/3  loss 0.3333  accuracy 98.77 %  1.2 s"


def test_only_accuracies_are_per_cent() -> None:
    metrics = {"val_accuracy": 0.5, "val_loss": 0.5, "top_k_categorical_accuracy": 0.5}
    assert shown_metrics(metrics) == (
        "val_accuracy 50.00 %  val_loss 0.5000  top_k_categorical_accuracy 0.5000"
    )


def test_a_training_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    progress = PlainLines()
    progress.note("a\x1b[31m line")
    progress.training_started(10, 18, 64)
    progress.step_finished(1, 1, {"loss": 1.0})
    progress.epoch_finished(3, ROW)
    printed = capsys.readouterr()
    assert printed.out == ""
    first, *others = printed.err.splitlines()
    assert "\x1b" not in first and first.startswith("a") and first.endswith("line")
    assert others == [
        "Training: 10 epochs of 18 steps, 64 images a step",
        "epoch  3/10  loss 0.3333  accuracy 98.77 %  1.2 s",
    ]


@pytest.mark.parametrize(("limit", "printed"), [(0.0, "Reading: 0.0 s\n"), (60.0, "")])
def test_only_work_that_took_long_has_a_line(
    limit: float, printed: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_SECONDS_BEFORE_A_LINE", limit)
    with PlainLines().task("Reading", 3, "images") as advance:
        advance(3)
    assert capsys.readouterr().err == printed
