from __future__ import annotations

from dataclasses import replace

import pytest

from kcnn.commands.data import DatasetRow, DatasetTable, Verification
from kcnn.console.data import datasets_text, verification_text

MNIST = Verification(
    name="mnist", path="/data", sha256={"mnist.npz": "0123"}, original=True, readable=True,
    problem=None, train_count=60_000, test_count=10_000,
)  # fmt: skip
UNREADABLE = {"readable": False, "problem": "damaged", "train_count": None, "test_count": None}


def test_datasets() -> None:
    known = ((28, 28, 1), ("0", "1"))
    datasets = DatasetTable(
        (
            DatasetRow("mnist", "MNIST", "/data/mnist.npz", 60_000, 10_000, *known),
            DatasetRow("other", "Other", None, 60_000, 10_000, *known),
        )
    )
    assert datasets_text(datasets) == (
        "dataset  training    test  images   classes  found\n"
        "───────  ────────  ──────  ───────  ───────  ───────────────────────────────\n"
        "mnist      60,000  10,000  28×28×1        2  /data/mnist.npz\n"
        "other      60,000  10,000  28×28×1        2  not here; kcnn data fetch other"
    )


def test_verified_files() -> None:
    assert verification_text(MNIST) == (
        "mnist: /data\nsha256 0123  mnist.npz\nfiles: the original download\n"
        "readable: 60,000 training and 10,000 test images"
    )
    unreadable = replace(MNIST, **UNREADABLE)
    assert verification_text(unreadable).endswith("\nnot readable: damaged")


@pytest.mark.parametrize(
    ("original", "readable", "files"),
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
def test_shows_whether_files_are_the_original(
    original: bool | None, readable: bool, files: str
) -> None:
    result = replace(MNIST, original=original, **({} if readable else UNREADABLE))
    assert f"files: {files}" in verification_text(result).splitlines()
