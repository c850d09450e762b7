from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_json
from kcnn.runs.folder import RunFolder
from kcnn.studies.quantities import Quantity, measure_runs


def test_quantities_have_the_names_that_recipes_use(tmp_path) -> None:
    runs = [RunFolder(tmp_path / name) for name in "ab"]
    for number, run in enumerate(runs):
        write_json(
            run.summary,
            {
                "images": {"train": 50, "validation": 30, "test": 20},
                "train": {"epoch": 3, "accuracy": 0.5 + number / 4, "val_accuracy": 0.6,
                          "learning_rate": 0.1, "seconds": 3.0,
                          "first_train_accuracy": 0.9, "first_test_accuracy": 0.8},
                "test": {"weights": "last", "images": 20, "accuracy": 0.7, "loss": 1.5},
                "test_augmented": {"weights": "last", "images": 20, "loss": 1.4,
                                   "accuracy": 0.72, "flip": "horizontal", "shift": 1},
                "best": {"epoch": 2, "val_accuracy": 0.65, "test_accuracy": 0.75},
            },
        )  # fmt: skip
    measured = {quantity.name: quantity for quantity in measure_runs(runs)}
    assert {name: quantity.images for name, quantity in measured.items()} == {
        "test_accuracy": 20, "test_loss": 20, "test_augmented_accuracy": 20,
        "test_augmented_loss": 20, "accuracy": 50, "val_accuracy": 30,
        "best_val_accuracy": 30, "best_test_accuracy": 20,
    }  # fmt: skip
    assert measured["accuracy"].values == (0.5, 0.75)
    assert measured["best_test_accuracy"].label == "test accuracy at the best epoch"


def write_run(path: Path, **changes: Any) -> RunFolder:
    """Write the summary of a finished run with some sections changed."""
    summary: dict[str, Any] = {
        "images": {"train": 50, "validation": 30, "test": 20},
        "train": {"accuracy": 0.5, "val_accuracy": 0.6},
        "test": {"weights": "last", "accuracy": 0.7, "loss": 1.5},
    }
    run = RunFolder(path)
    write_json(run.summary, summary | changes)
    return run


@pytest.mark.parametrize(
    ("section", "value", "problem"),
    [
        ("test", [1], "test: expected a mapping, found a list"),
        ("test", {}, "test.accuracy: missing"),
        ("test", {"accuracy": 10**400}, "test.accuracy: expected a number from 0 to 1, found 1000"),
        ("test", {"accuracy": float("nan")}, "expected a number from 0 to 1, found nan"),
        ("test", {"accuracy": True}, "test.accuracy: expected a number, found true"),
        ("test", {"accuracy": 1, "loss": "x"}, "test.loss: expected a number, found 'x'"),
        ("test", {"accuracy": 1, "loss": 1e308}, "test.loss: expected a number from -3.5e+38 to"),
        (
            "test",
            {"accuracy": 1, "\x1b[2J": 1},
            r"test: expected names of metrics, found '\x1b[2J'",
        ),
        ("test", {"accuracy": 1, "a" * 101: 1}, "test: expected names of metrics, found 'aaaa"),
        ("best", "x", "best: expected a mapping, found 'x'"),
        ("train", {"val_accuracy": "x"}, "train.val_accuracy: expected a number, found 'x'"),
        ("images", {"test": "x"}, "images.test: expected a whole number from 0 to 1e+15, found"),
        ("images", {"test": 0}, "images.test: missing"),
    ],
)
def test_refuses_a_summary_edited_by_hand(
    section: str, value: object, problem: str, tmp_path: Path
) -> None:
    run = write_run(tmp_path, **{section: value})
    with pytest.raises(RunError) as caught:
        measure_runs([run])
    assert caught.value.message.startswith(f"{run.summary}: ")
    assert problem in caught.value.message
    assert len(caught.value.message) < len(str(run.summary)) + 120
    assert caught.value.hint == "restore it, or train the run again"


def test_leaves_out_a_loss_that_diverged(tmp_path: Path) -> None:
    run = write_run(tmp_path, train={"accuracy": 0.5, "loss": 2.5, "val_loss": float("inf")})
    assert {quantity.name for quantity in measure_runs([run])} == {
        "test_accuracy", "test_loss", "accuracy", "loss",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["test_recall", "test_augmented_auc", "best_test_f1_score"])
def test_fractions_other_than_accuracies(name: str) -> None:
    quantity = Quantity(name, (0.89, 0.9, 0.91), 400)
    assert (quantity.is_fraction, quantity.format_value(0.9)) == (True, "90.00 %")
    assert quantity.standard_error == pytest.approx(0.015)


@pytest.mark.parametrize("name", ["test_loss", "learning_rate"])
def test_quantities_that_are_not_fractions(name: str) -> None:
    quantity = Quantity(name, (0.89, 0.9, 0.91), 400)
    assert (quantity.is_fraction, quantity.format_value(0.9)) == (False, "0.9")
    assert quantity.standard_error == 0


@pytest.mark.parametrize(
    ("name", "label"),
    [("accuracy", "training accuracy"), ("test_augmented_accuracy", "augmented test accuracy"),
     ("val_f1_score", "validation f1 score"),
     ("test_loss", "test loss"), ("sparse_top_k_categorical_accuracy",
     "training sparse top k categorical accuracy")],
)  # fmt: skip
def test_labels(name: str, label: str) -> None:
    assert Quantity(name, (0.5,), 10).label == label
