from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.figures import style
from kcnn.figures.curves import MAX_TITLE_LENGTH, Curve, name_runs, new_axes, read_curve
from kcnn.files.atomic import write_csv, write_json
from kcnn.runs.folder import RunFolder


def test_reads_metrics_and_test_metrics(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "cifar" / "run-001")
    write_csv(run.metrics, ["epoch", "loss"], [[1, 2.5], [2, "nan"]])
    write_json(run.summary, {"test": {"weights": "last", "loss": 1.5, "accuracy": 0.5}})
    curve = read_curve(run)
    assert curve.test == {"loss": 1.5, "accuracy": 0.5}
    assert curve.title == "cifar/run-001"
    np.testing.assert_array_equal(curve.column("loss"), [2.5, np.nan])
    assert curve.column("val_loss") is None


@pytest.mark.parametrize("summary", [None, {"status": "interrupted"}, {"test": None}])
def test_unscored_run_has_no_test_metrics(tmp_path: Path, summary) -> None:
    run = RunFolder(tmp_path)
    write_csv(run.metrics, ["epoch", "loss"], [[1, 2.5]])
    if summary is not None:
        write_json(run.summary, summary)
    assert read_curve(run).test == {}


@pytest.mark.parametrize(
    ("test", "problem"),
    [
        ([1], "test: expected a mapping, found a list"),
        ({"accuracy": 10**400}, "test.accuracy: expected a number from 0 to 1, found 1000"),
        ({"accuracy": "x"}, "test.accuracy: expected a number, found 'x'"),
        ({"loss": 10**400}, "test.loss: expected a number from -3.5e+38 to 3.5e+38, found 1000"),
    ],
)
def test_refuses_a_damaged_summary(tmp_path: Path, test: object, problem: str) -> None:
    run = RunFolder(tmp_path)
    write_csv(run.metrics, ["epoch", "loss"], [[1, 2.5]])
    write_json(run.summary, {"test": test})
    with pytest.raises(RunError) as caught:
        read_curve(run)
    assert caught.value.message.startswith(f"{run.summary}: {problem}")
    assert caught.value.hint == "restore it, or train the run again"


def test_ignores_an_infinite_test_loss(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    write_csv(run.metrics, ["epoch", "loss"], [[1, 2.5]])
    write_json(run.summary, {"test": {"loss": float("inf"), "accuracy": 0.5}})
    assert read_curve(run).test == {"accuracy": 0.5}


def test_impossible_value_becomes_nan() -> None:
    curve = Curve("cifar/run-001", [{"epoch": 0, "loss": 0}, {"epoch": 1, "loss": 1e308}])
    np.testing.assert_array_equal(curve.column("loss"), [0, np.nan])


def test_refuses_a_run_without_epochs(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"metrics\.csv: missing"):
        read_curve(RunFolder(tmp_path))


def test_headline_has_the_most_important_metric(curve) -> None:
    assert curve().headline == "cifar/run-001: 81.2 % test accuracy"
    assert "82.0 % best validation accuracy (epoch 5)" in curve(scored=False).headline
    bare = curve(scored=False, validation=False)
    assert bare.headline == "cifar/run-001: not scored on the test set"


def test_short_title_keeps_the_recipe_and_the_run() -> None:
    title = Curve("a-recipe-" * 20 + "/run-007", []).short_title
    assert len(title) <= MAX_TITLE_LENGTH
    assert title.startswith("a-recipe-a") and title.endswith("/run-007")


def test_diverged_run_has_a_headline() -> None:
    diverged = Curve("cifar/run-001", [{"epoch": 1, "val_accuracy": float("nan")}])
    assert diverged.headline == "cifar/run-001: not scored on the test set"


def test_runs_that_begin_and_end_alike_have_different_names() -> None:
    ends = ["first", "second"]
    titles = [f"{'photos-of-birds/' * 3}{end}{'/run-001' * 3}" for end in ends]
    figure = style.new_figure("Accuracy", height=5)
    name_runs(figure, [Curve(title, [{"epoch": 1}]) for title in titles])
    first, second = [text.get_text() for text in figure.legends[0].get_texts()]
    assert first != second


def test_a_line_marks_where_fine_tuning_begins(texts) -> None:
    epochs = zip(range(1, 5), (3.0, 2, 1, 1), (1, 1, 2, 2), strict=True)
    rows = [{"epoch": epoch, "loss": loss, "phase": phase} for epoch, loss, phase in epochs]
    run = Curve("a/run-001", rows)
    assert run.fine_tuned_after == 2
    figure, axes = new_axes([run], "Loss")
    assert [line.get_xdata()[0] for line in axes.lines] == [2.5]
    assert "fine-tuning" in texts(figure)
    plain = Curve("a/run-001", [{"epoch": row["epoch"], "loss": row["loss"]} for row in rows])
    assert plain.fine_tuned_after is None
    assert Curve("a/run-001", rows[:2]).fine_tuned_after is None  # stopped before it
