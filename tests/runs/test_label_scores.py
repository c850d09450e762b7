"""per_class.csv and predictions.csv of images with several labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.runs.folder import RunFolder
from kcnn.runs.label_scores import (
    LabelPredictions,
    LabelScore,
    read_label_predictions,
    read_per_class,
    read_thresholds,
    write_label_predictions,
    write_label_scores,
)
from kcnn.runs.scores import ClassScore, read_predictions, write_per_class

PREDICTIONS = LabelPredictions(
    index=np.array([0, 1, 2]),
    label=np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], np.uint8),
    predicted=np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0]], np.uint8),
    probability=np.array([[0.9, 0.75, 0.125], [0.25, 0.5, 0], [0, 0.625, 1]]),
    files=("a.png", "b;c.png", "d.png"),
)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_predictions_as_they_were_written(run: RunFolder) -> None:
    write_label_predictions(run, PREDICTIONS)
    assert run.predictions.read_text(encoding="utf-8").splitlines() == [
        "index,label,predicted,probability,file",
        "0,0;2,0;1,0.9;0.75;0.125,a.png",
        "1,,,0.25;0.5;0,b;c.png",
        "2,1,1,0;0.625;1,d.png",
    ]
    read = read_label_predictions(run)
    for name in ("index", "label", "predicted", "probability"):
        assert np.array_equal(getattr(read, name), getattr(PREDICTIONS, name)), name
    assert list(read.files or ()) == list(PREDICTIONS.files or ())
    with pytest.raises(RunError, match="images with several labels, expected one class each"):
        read_predictions(run)


@pytest.mark.parametrize(
    "row", ["0,5,0,0.1;0.2", "0,-1,0,0.1;0.2", "0,x,0,0.1;0.2", "0,0,0,0.1;y", "0,0,0,0.1"]
)
def test_damaged_predictions_are_a_run_error(run: RunFolder, row: str) -> None:
    run.predictions.write_text(
        f"index,label,predicted,probability\n{row}\n1,1,0,0.1;0.2\n", encoding="utf-8"
    )
    with pytest.raises(RunError, match="expected numbers separated by ;"):
        read_label_predictions(run)


def test_sets_of_labels_as_classes() -> None:
    sets, names = PREDICTIONS.as_sets(("cat", "dog", "owl"))
    assert [names[label] for label in sets.label] == ["cat, owl", "no label", "dog"]
    assert [names[label] for label in sets.predicted] == ["cat, dog", "no label", "dog"]
    assert PREDICTIONS.most_wrong.tolist() == [2, 1, 2]
    assert PREDICTIONS.confidence.tolist() == [0.875, 0.5, 1]


def test_thresholds(run: RunFolder) -> None:
    scores = [
        LabelScore("cat", 0.5, 1, 2 / 3, 4, 0.75, 0.375),
        LabelScore("dog", None, None, None, 0, None, None),
    ]
    write_label_scores(run, scores)
    assert run.per_class.read_text(encoding="utf-8") == (
        "class,precision,recall,f1,support,average_precision,threshold\n"
        "cat,0.5,1,0.666667,4,0.75,0.375\ndog,,,,0,,\n"
    )
    assert read_thresholds(run, ("cat", "dog")) == [0.375, None]
    with pytest.raises(RunError, match="expected a row for each class"):
        read_thresholds(run, ("dog", "cat"))


def test_scores_of_each_class_as_they_were_written(run: RunFolder) -> None:
    scores = [ClassScore("a,b", 0.5, 1.0, 0.75, 4), ClassScore("dog", None, None, None, 0)]
    write_per_class(run, scores)
    assert read_per_class(run) == scores
    labels = [
        LabelScore("cat", 0.5, 1.0, 0.75, 4, 0.75, 0.375),
        LabelScore("dog", None, None, None, 0, None, None),
    ]
    write_label_scores(run, labels)
    assert read_per_class(run) == labels


@pytest.mark.parametrize("row", ["cat,2,1,1,4", "cat,nan,1,1,4", "cat,1,1,1,-4", "cat,1,1,1"])
def test_damaged_scores_are_a_run_error(run: RunFolder, row: str) -> None:
    run.per_class.write_text(f"class,precision,recall,f1,support\n{row}\n", encoding="utf-8")
    with pytest.raises(RunError, match="three fractions and a count"):
        read_per_class(run)
