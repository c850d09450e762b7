from __future__ import annotations

from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.recipe.kinds import snake_case
from kcnn.recipe.losses import LOSSES, METRICS
from kcnn.runs.metrics import is_share, read_metrics


def test_metrics_are_read_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("epoch,loss\n1,2.5\n2,nan\n")
    first, second = read_metrics(path)
    assert first == {"epoch": 1.0, "loss": 2.5}
    assert second["loss"] != second["loss"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_metrics_that_a_spreadsheet_saved(end: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(f"epoch,loss{end}1,2.5{end}", encoding="utf-8-sig", newline="")
    assert read_metrics(path) == [{"epoch": 1.0, "loss": 2.5}]


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
        (f"epoch,loss\n1,{'2' * 200_000}\n", r"metrics.csv:2: not a row of numbers"),
    ],
)
def test_damaged_metrics(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(text, newline="")
    with pytest.raises(RunError, match=message) as caught:
        read_metrics(path)
    assert caught.value.hint
    assert "\n" not in caught.value.message


def test_metrics_missing_or_binary(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"metrics\.csv: missing"):
        read_metrics(tmp_path / "metrics.csv")
    (tmp_path / "metrics.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RunError, match=r"metrics\.csv: cannot be read"):
        read_metrics(tmp_path / "metrics.csv")
    with pytest.raises(RunError, match="cannot be read"):
        read_metrics(tmp_path)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("before", ["", "val_", "test_", "test_augmented_", "best.test_"])
def test_every_metric_of_recipes_is_a_share(before: str, metric: str) -> None:
    assert is_share(before + snake_case(metric))


@pytest.mark.parametrize("name", ["loss", "val_loss", "learning_rate", *map(snake_case, LOSSES)])
def test_no_shares(name: str) -> None:
    assert not is_share(name)
