from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kcnn.console.output import fit_text, machine_text, verify_text
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
def test_an_augmented_score_follows_the_plain_one(flip, shift, changes: str) -> None:
    best = {"test_accuracy": 0.94, "epoch": 7, "val_accuracy": 0.95}
    augmented = {"accuracy": 0.9375, "flip": flip, "shift": shift}
    averaged = f"               93.75 % with {changes} averaged"
    assert lines(test_augmented=augmented, best=best)[:3] == [PLAIN, averaged, BEST]


def test_without_one_the_text_is_as_it_was() -> None:
    first, second, *_ = lines()
    assert first == PLAIN
    assert second.startswith("time ")


@pytest.mark.parametrize(
    ("onednn", "shown"), [(True, "on"), (False, "off"), (None, "TensorFlow's choice")]
)
def test_the_doctor_says_whether_onednn_is_on(onednn: bool | None, shown: str) -> None:
    machine = {
        "kcnn": "1", "python": "3", "packages": {}, "processor": "one", "cores": 1, "devices": [],
        "bfloat16": "none", "output_dir": "outputs", "output_dir_problem": None, "data": {},
        "onednn": onednn,
    }  # fmt: skip
    rows = [line.split(maxsplit=1) for line in machine_text(machine).splitlines()]
    assert ["oneDNN", shown] in rows


@pytest.mark.parametrize(
    ("original", "readable", "said"),
    [
        (True, True, "the original download"),
        (
            False,
            True,
            "not byte for byte the original download; the images can be read all the same",
        ),
        (False, False, "not byte for byte the original download"),
        (None, False, "of a form for which no hash of the original is known"),
    ],
)
def test_verify_says_whether_files_are_the_original(
    original: bool | None, readable: bool, said: str
) -> None:
    result = {
        "name": "mnist", "path": "mnist.npz", "sha256": {"mnist.npz": "0123"}, "original": original,
        "readable": readable, "problem": None if readable else "damaged", "train_count": 60_000,
        "test_count": 10_000,
    }  # fmt: skip
    assert f"files: {said}" in verify_text(result).splitlines()
