from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.figures.curves import read_curve
from kcnn.figures.run_figure import FigureInput, InapplicableError
from kcnn.figures.two_classes import MAX_NAME_LENGTH, read_two_classes
from kcnn.files.atomic import write_csv, write_json
from kcnn.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "pets" / "run-001")
    write_csv(run.metrics, ["epoch", "loss"], [[1, 0.7]])
    names = ["Corn_(maize)___Common_rust", "Corn_(maize)___healthy_leaf"]
    write_json(run.summary, {"test": {"roc_auc": 0.5}, "class_names": names})
    rows = [[0, 0, 1, 0.75], [1, 1, 1, 0.5], [2, 1, 0, 0.875]]
    write_csv(run.predictions, ["index", "label", "predicted", "probability"], rows)
    return run


def test_the_second_class_is_the_positive_one(run: RunFolder) -> None:
    source = FigureInput([run], [read_curve(run)])
    positive, probability, name = read_two_classes(source, "roc_auc")
    np.testing.assert_array_equal(positive, [False, True, True])
    np.testing.assert_array_equal(probability, [0.75, 0.5, 0.125])
    assert "healthy" in name
    assert len(name) <= MAX_NAME_LENGTH


def test_a_run_without_the_score_has_no_curve(run: RunFolder) -> None:
    source = FigureInput([run], [read_curve(run)])
    with pytest.raises(InapplicableError, match=r"no test\.average_precision"):
        read_two_classes(source, "average_precision")
    run.summary.unlink()
    with pytest.raises(InapplicableError, match="the run was not scored"):
        read_two_classes(FigureInput([run], [read_curve(run)]), "roc_auc")
