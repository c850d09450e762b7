from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.evaluate import evaluate
from kcnn.commands.export import export
from kcnn.console.export import export_text
from kcnn.data.dataset import Images
from kcnn.data.digits import read_digits
from kcnn.errors import DataError, ExportError, RunError, TrainingError
from kcnn.export import gate, plain_tensorflow
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_summary


def outputs(run: RunFolder):
    return run.path.parents[1]


@pytest.fixture
def predicted_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run exports in this process. Slow tests run them in a fresh process without Keras."""

    def predict_here(saved_model: Path, names, images: Images, batch_size: int, progress):
        shape, pixels = (len(images), *images.shape), io.BytesIO(images.read_all().tobytes())
        with contextlib.redirect_stdout(io.StringIO()):
            plain_tensorflow.predict(
                str(saved_model), str(tmp_path), shape, batch_size, list(names), pixels
            )
        return {name: np.load(tmp_path / f"{name}.npy") for name in names}

    monkeypatch.setattr(gate, "predict_in_fresh_process", predict_here)


def test_printed_result(run_copy, predicted_here: None) -> None:
    accuracy = evaluate(None, outputs(run_copy)).accuracy
    done = CliRunner().invoke(cli, ["export", "--output-dir", str(outputs(run_copy)), "--quiet"])
    assert done.exit_code == 0, done.output
    folder, checked, use = done.stdout.splitlines()
    assert folder.startswith(f"{run_copy.exports / 'saved_model'}  ")
    assert checked.startswith(
        "checked in a fresh process with plain TensorFlow on 360 test images: accuracy "
        f"{100 * accuracy:.2f} %, largest difference of a probability "
    )
    assert checked.endswith(", 0 different classes")
    assert use.startswith("use it: ")
    assert (run_copy.exports / "saved_model" / "saved_model.pb").is_file()


def test_export_that_disagrees_is_removed(
    run_copy, predicted_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(gate.TOLERANCES, "float32", -1.0)
    with pytest.raises(ExportError, match="does not predict what the model predicts"):
        export(None, outputs(run_copy))
    assert not list(run_copy.exports.iterdir())


@pytest.mark.slow
def test_export_and_use(run_copy) -> None:
    result = export(None, outputs(run_copy))
    assert result.path == run_copy.exports / "saved_model"
    assert result.images == 360
    assert result.accuracy == evaluate(None, outputs(run_copy)).accuracy
    assert result.largest_difference <= 1e-5
    assert result.different_classes == 0
    assert result.size == sum(
        file.stat().st_size for file in result.path.rglob("*") if file.is_file()
    )
    about = json.loads((result.path / "kcnn.json").read_text())
    assert about["run"] == "digits/run-001"
    assert about["test_accuracy"] == result.accuracy
    assert (about["image_size"], about["channels"]) == ([8, 8], 1)

    test = read_digits().test
    variables = {"tf": tf, "images": test.read_all()}
    statement, expression = result.usage.split("; ")
    exec(statement, variables)
    probabilities = eval(expression, variables).numpy()
    assert np.mean(probabilities.argmax(axis=1) == test.labels) == result.accuracy

    # An earlier export is replaced, and leftovers of a killed export are removed. A failed export
    # changes nothing.
    (result.path / "old.txt").touch()
    (run_copy.exports / f".saved_model.kcnn-{2**30}").mkdir()
    export(None, outputs(run_copy))
    assert list(run_copy.exports.iterdir()) == [result.path]
    assert not (result.path / "old.txt").exists()
    (result.path / "mark.txt").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(gate.TOLERANCES, "float32", -1.0)
        with pytest.raises(ExportError, match="does not predict what the model predicts"):
            export(None, outputs(run_copy))
    assert (result.path / "mark.txt").exists()
    assert list(run_copy.exports.iterdir()) == [result.path]


@pytest.mark.slow
def test_destination(run_copy, tmp_path) -> None:
    folder = tmp_path / "models" / "mine"
    assert export("digits", outputs(run_copy), destination=folder).path == folder
    assert (folder / "saved_model.pb").is_file()
    assert not run_copy.exports.exists()
    with pytest.raises(RunError, match="mine: already exists"):
        export("digits", outputs(run_copy), destination=folder)


@pytest.mark.slow
def test_class_names_are_those_of_the_run(fruit_run) -> None:
    folder = export(None, outputs(fruit_run)).path
    assert json.loads((folder / "class_names.json").read_text()) == ["apple", "banana"]


@pytest.fixture
def untested(monkeypatch) -> None:
    """Let the check of an export, which takes a process, find no difference."""
    monkeypatch.setattr(gate, "require_agreement", lambda *_: gate.Agreement(2, 0.0, 0, 1.0))


def test_needs_no_labels(fruit_run, untested, notes) -> None:
    photos = fruit_run.path.parents[2] / "photos"
    (photos / "apple").rename(photos / "red_apple")
    result = export(None, outputs(fruit_run), progress=notes)
    assert json.loads((result.path / "class_names.json").read_text()) == ["apple", "banana"]
    assert result.accuracy is None
    assert "accuracy" not in export_text(result)
    (line,) = [line for line in notes.lines if "no longer those" in line]
    assert line.endswith("the export is checked on those that are here")


def test_takes_test_images_that_changed(fruit_run, untested, notes) -> None:
    result = export(None, outputs(fruit_run), progress=notes)
    assert result.accuracy == 1.0
    description = json.loads((result.path / "kcnn.json").read_text())
    assert "test_accuracy" in description
    summary = read_summary(fruit_run).values | {"test_images_digest": "files:of others"}
    fruit_run.summary.write_text(json.dumps(summary))
    result = export(None, outputs(fruit_run), progress=notes)
    assert result.accuracy is None
    description = json.loads((result.path / "kcnn.json").read_text())
    assert "test_accuracy" not in description


def test_refuses_a_destination_with_a_name_too_long(run_copy, tmp_path) -> None:
    with pytest.raises(RunError, match="xxx: cannot be written: File name too long"):
        export(None, outputs(run_copy), destination=tmp_path / ("x" * 300))


def test_refuses_a_destination_that_exists(run_copy, tmp_path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("precious")
    with pytest.raises(RunError, match="mine: already exists"):
        export(None, outputs(run_copy), destination=mine)
    assert mine.read_text() == "precious"


def test_refuses_a_run_without_a_model(run_copy) -> None:
    run_copy.model.unlink()
    with pytest.raises(RunError, match="this run has no such model"):
        export(None, outputs(run_copy))
    assert not run_copy.exports.exists()


def test_refuses_a_run_whose_dataset_is_gone(run_copy, tmp_path) -> None:
    recipe = run_copy.resolved.read_text().replace(
        "dataset: digits", f"dataset: npz, path: {tmp_path / 'gone.npz'}"
    )
    run_copy.resolved.write_text(recipe)
    with pytest.raises(DataError, match=r"gone\.npz"):
        export(None, outputs(run_copy))
    assert not run_copy.exports.exists()


def test_refuses_a_model_that_predicts_nan(run_copy) -> None:
    model = keras.saving.load_model(run_copy.model, compile=False)
    model.set_weights([weights * np.nan for weights in model.get_weights()])
    model.save(run_copy.model)
    with pytest.raises(TrainingError, match="not finite"):
        export(None, outputs(run_copy))
    assert not run_copy.exports.exists()
