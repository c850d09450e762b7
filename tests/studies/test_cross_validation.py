"""The report of a cross-validation, from numbers made by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from kcnn.studies.cross_validation import CrossValidation, FoldRun, markdown
from kcnn.studies.quantities import Quantity


@pytest.fixture
def result() -> CrossValidation:
    runs = tuple(
        FoldRun(number, f"pets/fold-{number}-of-2", Path("outputs"), False, 1.0, train, 600 - train)
        for number, train in ((1, 200), (2, 400))
    )
    quantities = (
        Quantity("test_accuracy", (0.5, 0.75), 300),
        Quantity("test_macro_f1", (0.25, 0.5), 300),
        Quantity("val_accuracy", (0.5, 0.5), 300),
    )
    overrides = ("train.epochs=2",)
    return CrossValidation("pets", overrides, 0, True, runs, quantities, Path("outputs"))


def test_the_interval_allows_for_folds_that_share_images(result: CrossValidation) -> None:
    accuracy, f1 = result.shown
    assert (accuracy.name, f1.name) == ("test_accuracy", "test_macro_f1")
    assert result.test_to_train == 1  # 400 + 200 tested, 200 + 400 trained on
    interval = result.interval(accuracy)
    assert interval is not None
    # Student's t for one degree of freedom; the standard deviation is 1/4 / √2.
    half_width = 12.706 * (0.25 / math.sqrt(2)) * math.sqrt(1 / 2 + 1)
    assert interval.half_width == pytest.approx(half_width, rel=1e-4)


def test_the_page_has_the_scores_and_each_fold(result: CrossValidation) -> None:
    lines = markdown(result).splitlines()
    assert lines[2] == (
        "2 folds of the 600 training images, stratified, with the images of a group in one fold; "
        "the test set was not used."
    )
    assert "Changed from the recipe: train.epochs=2." in lines
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    assert ["accuracy", "62.50 %", "17.68 %"] in [row[:3] for row in cells]
    assert ["macro F1", "37.50 %", "17.68 %"] in [row[:3] for row in cells]
    assert cells[-2:] == [
        ["1", "pets/fold-1-of-2", "200", "400", "50.00 %"],
        ["2", "pets/fold-2-of-2", "400", "200", "75.00 %"],
    ]


def test_folds_without_groups_do_not_mention_them(result: CrossValidation) -> None:
    plain = CrossValidation(**{**vars(result), "grouped": False, "overrides": ()})
    assert "group" not in markdown(plain)
    assert "Changed from the recipe" not in markdown(plain)
