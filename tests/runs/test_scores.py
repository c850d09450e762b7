from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_csv, write_text
from kcnn.runs.folder import RunFolder
from kcnn.runs.scores import read_confusion, read_filters, read_predictions, read_steps


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_confusion_keeps_class_names_as_they_are(run: RunFolder) -> None:
    write_csv(run.confusion, ["true", "NA", "1, 2"], [["NA", 5, 1], ["1, 2", 0, 7]])
    confusion = read_confusion(run)
    assert confusion.class_names == ("NA", "1, 2")
    np.testing.assert_array_equal(confusion.counts, [[5, 1], [0, 7]])


@pytest.mark.parametrize(
    "text",
    [
        "true,a,b\na,1,2\n",
        "true,a,b\na,1,2\nc,1,2\n",
        "true,a,b\na,1,2\nb,1\n",
        "true,a,b\na,1,2\nb,1,x\n",
        "true\na\n",
        "true,a\n",
        "true,a\na,99999999999999999999\n",
        "",
        "\n\n",
        'true,"a',
    ],
)
def test_a_damaged_confusion_is_one_line_that_names_the_file(run: RunFolder, text: str) -> None:
    write_text(run.confusion, text)
    with pytest.raises(RunError, match=r"confusion\.csv: ") as raised:
        read_confusion(run)
    assert "\n" not in raised.value.message


def test_tables_that_a_spreadsheet_saved(run: RunFolder) -> None:
    for path, text in (
        (run.confusion, "true,ä\r\nä,5\r\n\r\n"),
        (run.predictions, "index,label,predicted,probability\r\n0,3,5,0.75\r\n"),
        (run.steps, "step,loss\r\n1,2.5\r\n"),
    ):
        path.write_text(text, encoding="utf-8-sig", newline="")
    assert read_confusion(run).class_names == ("ä",)
    assert read_predictions(run).index.tolist() == [0]
    assert read_steps(run).tolist() == [2.5]


def test_predictions_are_read_by_the_names_of_columns(run: RunFolder) -> None:
    columns = ["probability", "index", "label", "predicted"]
    write_csv(run.predictions, columns, [[0.75, 0, 3, 5], [1, 1, 2, 2]])
    predictions = read_predictions(run)
    np.testing.assert_array_equal(predictions.label, [3, 2])
    np.testing.assert_array_equal(predictions.predicted, [5, 2])
    np.testing.assert_array_equal(predictions.probability, [0.75, 1])


@pytest.mark.parametrize(
    "text",
    [
        "index,label\n0,1\n",
        "index,label,predicted,probability\n0,1,x,0.5\n",
        "index,label,predicted,probability\n0,1\n",
        "index,label,predicted,probability\n",
    ],
)
def test_damaged_predictions_are_a_run_error(run: RunFolder, text: str) -> None:
    write_text(run.predictions, text)
    with pytest.raises(RunError, match=r"predictions\.csv: "):
        read_predictions(run)


def test_filters_are_read_as_float32(run: RunFolder) -> None:
    np.savez(run.filters, before=np.zeros((3, 3, 1, 8)), after=np.ones((3, 3, 1, 8)))
    before, after = read_filters(run)
    assert before.shape == (3, 3, 1, 8)
    assert after.dtype == np.float32


def test_damaged_filters_are_a_run_error(run: RunFolder) -> None:
    run.filters.write_bytes(b"rubbish")
    with pytest.raises(RunError, match=r"filters\.npz: expected the arrays"):
        read_filters(run)
    np.savez(run.filters, before=np.array([None]), after=np.array([None]))
    with pytest.raises(RunError, match=r"filters\.npz: expected the arrays"):
        read_filters(run)
    np.savez(run.filters, before=np.zeros((3, 3, 1, 8)), after=np.ones((3, 3, 1, 4)))
    with pytest.raises(RunError, match="of one shape"):
        read_filters(run)


@pytest.mark.parametrize("read", [read_confusion, read_predictions, read_filters])
def test_a_missing_file_is_a_run_error(run: RunFolder, read) -> None:
    with pytest.raises(RunError, match="missing") as raised:
        read(run)
    assert raised.value.hint


def test_steps_are_their_losses_in_order(run: RunFolder) -> None:
    write_text(run.steps, "step,loss\n1,2.5\n2,nan\n3,1e-07\n4,inf\n")
    np.testing.assert_array_equal(read_steps(run), [2.5, np.nan, 1e-7, np.inf])


@pytest.mark.parametrize(
    "text", ["", "step,loss\n", "step,loss\n1\n", "step,loss\n1,a\n", "step,loss\n1,2,3\n"]
)
def test_damaged_steps_are_one_line_that_names_the_file(run: RunFolder, text: str) -> None:
    write_text(run.steps, text)
    with pytest.raises(RunError, match=r"steps\.csv: ") as raised:
        read_steps(run)
    assert "\n" not in raised.value.message


def test_an_older_run_has_no_steps(run: RunFolder) -> None:
    with pytest.raises(RunError, match=r"steps\.csv: missing") as raised:
        read_steps(run)
    assert "made by an older kcnn" in str(raised.value.hint)
