from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.recipe.kinds import snake_case
from kcnn.recipe.losses import LOSSES, METRICS
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import (
    is_fraction,
    metric_columns,
    read_metrics,
    write_metrics,
    written,
)


def test_metrics_are_read_as_numbers(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.metrics.write_text("epoch,loss\n1,2.5\n2,nan\n")
    first, second = read_metrics(run)
    assert first == {"epoch": 1.0, "loss": 2.5}
    assert second["loss"] != second["loss"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_metrics_that_a_spreadsheet_saved(end: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.metrics.write_text(f"epoch,loss{end}1,2.5{end}", encoding="utf-8-sig", newline="")
    assert read_metrics(run) == [{"epoch": 1.0, "loss": 2.5}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "metrics.csv: no epochs in it"),
        ("epoch,loss\n", "metrics.csv: no epochs in it"),
        ("epoch,loss\n1,2\n2,\n", r"metrics.csv:3: not a row of numbers"),
        ("epoch,loss\n1,2\n2\n", r"metrics.csv:3: not a row of numbers"),
        ("epoch,loss\n1,2\n\n3,4,5\n", r"metrics.csv:4: not a row of numbers"),
        ("ep,loss\n1,2\n", "metrics.csv: expected the number of its epoch"),
        ("epoch,loss\n1,2\nnan,2\n", "metrics.csv: expected the number of its epoch"),
        ("epoch,loss\none,2\n", r"metrics.csv:2: not a row of numbers"),
        (f"epoch,loss\n1,{'2' * 200_000}\n", r"metrics.csv:2: not a table"),
    ],
)
def test_damaged_metrics(text: str, message: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.metrics.write_text(text, newline="")
    with pytest.raises(RunError, match=message) as caught:
        read_metrics(run)
    assert caught.value.hint
    assert "\n" not in caught.value.message


def test_metrics_missing_or_binary(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(RunError, match=r"metrics\.csv: missing"):
        read_metrics(run)
    run.metrics.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match=r"metrics\.csv: cannot be read"):
        read_metrics(run)
    run.metrics.unlink()
    run.metrics.mkdir()
    with pytest.raises(RunError, match="cannot be read"):
        read_metrics(run)


def test_metrics_saved_with_semicolons(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.metrics.write_text("epoch;loss\n1;2,5\n")
    with pytest.raises(RunError, match=r"metrics\.csv:2: not a row of numbers") as caught:
        read_metrics(run)
    assert "with semicolons" in str(caught.value.hint)


def test_columns() -> None:
    assert metric_columns(["loss", "accuracy"], validated=False) == [
        "epoch", "loss", "accuracy", "learning_rate", "seconds",
    ]  # fmt: skip
    assert metric_columns(["loss", "accuracy", "auc"], True, ["watched"]) == [
        "epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "seconds",
        "auc", "val_auc", "watched",
    ]  # fmt: skip


def test_numbers_are_written_short() -> None:
    assert written("epoch", 3.0) == "3"
    assert written("loss", 1 / 3) == "0.333333"
    assert written("learning_rate", 1e-7) == "1e-07"
    assert written("seconds", 1.23456) == "1.235"
    assert written("loss", float("nan")) == "nan"


def test_metrics_written_byte_for_byte(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    rows = [{"epoch": 1.0, "loss": 2 / 3, "seconds": 1.0}, {"epoch": 2, "loss": 1, "seconds": 2}]
    write_metrics(run, ["epoch", "loss", "seconds"], rows)
    assert run.metrics.read_bytes() == b"epoch,loss,seconds\n1,0.666667,1.000\n2,1,2.000\n"
    assert read_metrics(run)[0] == {"epoch": 1.0, "loss": 0.666667, "seconds": 1.0}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("before", ["", "val_", "test_", "test_augmented_", "best.test_"])
def test_every_metric_of_recipes_is_a_fraction(before: str, metric: str) -> None:
    assert is_fraction(before + snake_case(metric))


@pytest.mark.parametrize("name", ["loss", "val_loss", "learning_rate", *map(snake_case, LOSSES)])
def test_losses_are_no_fractions(name: str) -> None:
    assert not is_fraction(name)
