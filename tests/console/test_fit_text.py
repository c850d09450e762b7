from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kcnn.console.fit import fit_text
from kcnn.runs.folder import RunFolder
from kcnn.training.complete_run import FitResult

SUMMARY = {
    "test": {"weights": "last", "images": 10_000, "accuracy": 0.932},
    "timings": {"train": 61.0, "total": 70.0, "training_images_per_second": 900},
}
PLAIN = "test accuracy  93.20 % on 10,000 images, with the last weights"
BEST = "               94.00 % with epoch 7's weights, the best by validation (95.00 %)"


def lines(**more: dict[str, Any]) -> list[str]:
    return fit_text(FitResult(RunFolder(Path("run-001")), SUMMARY | more)).splitlines()


@pytest.mark.parametrize(
    ("flip", "shift", "changes"),
    [
        ("horizontal", 1, "flips and shifts"),
        ("horizontal", None, "flips"),
        (None, 2, "shifts"),
    ],
)
def test_an_augmented_score_follows_the_plain_score(flip, shift, changes: str) -> None:
    best = {"test_accuracy": 0.94, "epoch": 7, "val_accuracy": 0.95}
    augmented = {"accuracy": 0.9375, "flip": flip, "shift": shift}
    averaged = f"               93.75 % with {changes} averaged"
    assert lines(test_augmented=augmented, best=best)[:3] == [PLAIN, averaged, BEST]


def test_without_an_augmented_score() -> None:
    first, second, *_ = lines()
    assert first == PLAIN
    assert second.startswith("time ")


def test_a_rate_of_features_is_said_to_be_one() -> None:
    timings = {**SUMMARY["timings"], "epochs_on_features": 5}
    assert lines(timings=timings)[1:3] == [
        "time           1 min 01 s training, 900 images/s; 1 min 10 s in all",
        "               the rate counts 5 epochs on features of frozen layers, computed once",
    ]


def test_fit() -> None:
    summary = {
        "test": {"weights": "last", "images": 360, "accuracy": 0.95},
        "timings": {"train": 61.4, "total": 7325, "training_images_per_second": 12_345},
    }
    run = RunFolder(Path("outputs/net/run-001"))
    assert fit_text(FitResult(run, summary)) == (
        "test accuracy  95.00 % on 360 images, with the last weights\n"
        "time           1 min 01 s training, 12,345 images/s; 2 h 02 min in all\n"
        f"run            {run.path}\n"
        f"plots          {run.path / 'plots'}\n"
        "next           kcnn plot, kcnn export, kcnn predict IMAGE"
    )
