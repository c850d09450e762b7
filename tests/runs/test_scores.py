from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_csv, write_text
from kcnn.runs.folder import RunFolder
from kcnn.runs.scores import (
    ClassScore,
    Confusion,
    Predictions,
    probability_text,
    read_confusion,
    read_predictions,
    write_confusion,
    write_per_class,
    write_predictions,
)


@pytest.mark.parametrize(
    ("probability", "text"),
    [
        (0.5, "0.5"), (0.1234567, "0.123457"), (0.9987654321, "0.998765"), (1.0, "1"),
        (0.99912345678, "0.999123457"), (1 - 1.23456789e-8, "0.9999999876543"),
    ],
)  # fmt: skip
def test_probabilities_near_1_keep_the_digits_of_what_lacks(probability: float, text: str) -> None:
    assert probability_text(probability) == text


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
    ):
        path.write_text(text, encoding="utf-8-sig", newline="")
    assert read_confusion(run).class_names == ("ä",)
    assert read_predictions(run).index.tolist() == [0]


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


@pytest.mark.parametrize("read", [read_confusion, read_predictions])
def test_a_missing_file_is_a_run_error(run: RunFolder, read) -> None:
    with pytest.raises(RunError, match="missing") as raised:
        read(run)
    assert raised.value.hint


def test_files_byte_for_byte(run: RunFolder) -> None:
    scores = [
        ClassScore("cat", 2 / 3, 2 / 3, 2 / 3, 3),
        ClassScore("dog", 0.5, 0.5, 0.5, 2),
        ClassScore("a, b", 1.0, 1.0, 1.0, 1),
        ClassScore("never", None, None, None, 0),
    ]
    counts = np.array([[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
    predictions = Predictions(
        index=np.arange(6),
        label=np.array([0, 0, 0, 1, 1, 2], np.int32),
        predicted=np.array([0, 0, 1, 1, 0, 2]),
        probability=np.array([0.7, 0.6, 0.5, 0.9, 0.43333334, 1.0], np.float32),
    )
    write_per_class(run, scores)
    write_confusion(run, Confusion(("cat", "dog", "a, b", "never"), counts))
    write_predictions(run, predictions)
    assert run.per_class.read_bytes().decode() == (
        "class,precision,recall,f1,support\n"
        "cat,0.666667,0.666667,0.666667,3\n"
        "dog,0.5,0.5,0.5,2\n"
        '"a, b",1,1,1,1\n'
        "never,,,,0\n"
    )
    assert run.confusion.read_bytes().decode() == (
        'true,cat,dog,"a, b",never\ncat,2,1,0,0\ndog,1,1,0,0\n"a, b",0,0,1,0\nnever,0,0,0,0\n'
    )
    assert run.predictions.read_bytes().decode() == (
        "index,label,predicted,probability\n"
        "0,0,0,0.7\n"
        "1,0,0,0.6\n"
        "2,0,1,0.5\n"
        "3,1,1,0.9\n"
        "4,1,0,0.433333\n"
        "5,2,2,1\n"
    )
    confusion, read = read_confusion(run), read_predictions(run)
    assert confusion.class_names == ("cat", "dog", "a, b", "never")
    np.testing.assert_array_equal(confusion.counts, counts)
    np.testing.assert_array_equal(read.predicted, predictions.predicted)
    np.testing.assert_allclose(read.probability, predictions.probability, rtol=1e-5)


def test_predictions_name_the_files(run: RunFolder) -> None:
    files = ["cat/a, b.jpg", "dog/\u732b.jpg"]
    predictions = Predictions(
        np.arange(2), np.array([0, 1]), np.array([0, 0]), np.array([0.5, 1.0]), files
    )
    write_predictions(run, predictions)
    assert run.predictions.read_bytes().decode() == (
        'index,label,predicted,probability,file\n0,0,0,0.5,"cat/a, b.jpg"\n1,1,0,1,dog/\u732b.jpg\n'
    )
    assert list(read_predictions(run).files or ()) == files


def test_predictions_of_former_runs_name_no_files(run: RunFolder) -> None:
    run.predictions.write_text("index,label,predicted,probability\n0,0,0,0.7\n")
    assert read_predictions(run).files is None
