from __future__ import annotations

import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.evaluate import evaluate
from kcnn.commands.export import export
from kcnn.console.export import export_text
from kcnn.data.digits import read_digits
from kcnn.errors import DataError, ExportError, RunError, TrainingError
from kcnn.export import layer_at_fault, saved_model
from kcnn.export.format import Tolerance
from kcnn.export.runner import load_module
from kcnn.runs.exports import COLUMNS
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_summary


def outputs(run: RunFolder) -> Path:
    return run.path.parents[1]


def test_printed_result(run_copy, run_here: None) -> None:
    accuracy = evaluate(None, outputs(run_copy)).accuracy
    done = CliRunner().invoke(cli, ["export", "--output-dir", str(outputs(run_copy)), "--quiet"])
    assert done.exit_code == 0, done.output
    folder = run_copy.exports / "saved_model"
    where, checked, costs, use = done.stdout.splitlines()
    assert where.startswith(f"{folder}  ")
    assert checked.startswith("  checked with TensorFlow 2.")
    assert f"on 360 test images: accuracy {100 * accuracy:.2f} %, largest difference" in checked
    assert checked.endswith(", no image gets another class")
    assert costs == (
        "  0.5 ms an image in batches of 1, 0.25 ms an image in batches of 32, 123 MB of memory"
    )
    assert use == f"  use it: python {folder / 'use.py'} IMAGE"
    assert (folder / "1" / "saved_model.pb").is_file()
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    assert f"| accuracy | {100 * accuracy:.2f} % (" in card


def test_export_that_disagrees_is_removed(
    run_copy, run_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_model, "tolerance", lambda options: Tolerance(-1.0, 0))
    with pytest.raises(
        ExportError, match=r"^saved_model: it does not predict what the model predicts"
    ):
        export(None, outputs(run_copy))
    assert not run_copy.exports.exists()


def test_a_failed_export_leaves_what_may_be_the_last_good_one(
    run_copy, run_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = run_copy.exports / f".saved_model.kcnn-{2**30}.former"  # of a process that was killed
    former.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(saved_model, "tolerance", lambda options: Tolerance(-1.0, 0))
        with pytest.raises(ExportError, match="does not predict"):
            export(None, outputs(run_copy))
    assert former.is_dir()
    export(None, outputs(run_copy))
    assert not former.exists()


def test_a_format_that_fails_names_the_layer_and_stops_no_other(
    run_copy, run_here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_model, "tolerance", lambda options: Tolerance(-1.0, 0))
    fault = layer_at_fault.Fault("conv2d_1", "Conv2D", 0.5)
    monkeypatch.setattr(layer_at_fault, "layer_at_fault", lambda *arguments: fault)
    done = CliRunner().invoke(
        cli,
        ["export", "--format", "keras,saved_model", "--output-dir", str(outputs(run_copy))],
    )
    assert done.exit_code == 1
    assert "; the first layer whose output differs is conv2d_1 (Conv2D): by 0.5" in done.stderr
    assert sorted(path.name for path in run_copy.exports.iterdir()) == ["keras", "summary.csv"]
    assert f"{run_copy.exports / 'keras'}  " in done.stdout


def test_a_run_in_16_bits_is_exported_in_float32(run_copy, run_here: None, notes) -> None:
    model = keras.saving.load_model(run_copy.model, compile=False)
    images = read_digits().test.read_all()
    expected = keras.ops.softmax(model.predict(images, verbose=0))
    settings = run_copy.resolved.read_text()
    in_16_bits = settings.replace("train: {", "train: {precision: mixed_bfloat16, ")
    assert in_16_bits != settings
    run_copy.resolved.write_text(in_16_bits)
    (exported,) = export(None, outputs(run_copy), progress=notes).artefacts
    predict = load_module(str(saved_model.RUNTIME)).load(str(exported.path / "1"))
    np.testing.assert_allclose(predict(images), expected, atol=1e-5)  # bfloat16: 1e-3 and more
    (line,) = [line for line in notes.lines if "mixed_bfloat16" in line]
    assert line.endswith("of 360 test images get another class")


@pytest.mark.slow
def test_export_and_use(run_copy) -> None:
    result = export(None, outputs(run_copy))
    (exported,) = result.artefacts
    measured = exported.measured
    assert tuple(measured) == COLUMNS
    assert exported.path == run_copy.exports / "saved_model"
    assert measured["images"] == 360
    accuracy = evaluate(None, outputs(run_copy)).accuracy
    assert measured["accuracy"] == accuracy
    assert measured["accuracy_low"] < accuracy < measured["accuracy_high"]
    assert measured["largest_difference"] <= 1e-5
    assert measured["other_classes"] == 0
    model = exported.path / "1"
    assert measured["size"] == sum(
        file.stat().st_size for file in model.rglob("*") if file.is_file()
    )
    about = json.loads((exported.path / "kcnn.json").read_text())
    assert about["run"] == "digits/run-001"
    assert about["measured"] == measured
    assert (about["image_size"], about["channels"]) == ([8, 8], 1)
    header, row = (run_copy.exports / "summary.csv").read_text().splitlines()
    assert header == ",".join(COLUMNS)
    assert row.startswith(f"saved_model,{measured['runtime']},{measured['size']},360,")

    # An earlier export is replaced, and leftovers of a killed export are removed. A failed export
    # changes nothing.
    (exported.path / "old.txt").touch()
    (run_copy.exports / f".saved_model.kcnn-{2**30}").mkdir()
    export(None, outputs(run_copy))
    names = ["saved_model", "summary.csv"]
    assert sorted(path.name for path in run_copy.exports.iterdir()) == names
    assert not (exported.path / "old.txt").exists()
    (exported.path / "mark.txt").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(saved_model, "tolerance", lambda options: Tolerance(-1.0, 0))
        with pytest.raises(
            ExportError, match=r"^saved_model: it does not predict what the model predicts"
        ):
            export(None, outputs(run_copy))
    assert (exported.path / "mark.txt").exists()
    assert sorted(path.name for path in run_copy.exports.iterdir()) == names


def test_destination(run_copy, run_here: None, tmp_path) -> None:
    folder = tmp_path / "models" / "mine"
    (exported,) = export("digits", outputs(run_copy), destination=folder).artefacts
    assert exported.path == folder / "saved_model"
    assert (folder / "saved_model" / "1" / "saved_model.pb").is_file()
    assert (folder / "summary.csv").is_file()
    assert not run_copy.exports.exists()
    with pytest.raises(RunError, match="mine: already exists"):
        export("digits", outputs(run_copy), destination=folder)


def test_a_full_disk_leaves_no_folder(run_copy, run_here: None, small_disk: Path) -> None:
    folder = small_disk / "new" / "models"
    expected = re.escape(f"{folder / 'saved_model'}: cannot be written: No space left")
    with pytest.raises(RunError, match=f"^{expected}"):
        export(None, outputs(run_copy), destination=folder)
    assert list(small_disk.iterdir()) == []


def class_names(exported: Path) -> list[str]:
    names: list[str] = json.loads((exported / "class_names.json").read_text())
    return names


def test_needs_no_labels(fruit_run, run_here: None, notes) -> None:
    photos = fruit_run.path.parents[2] / "photos"
    (photos / "apple").rename(photos / "red_apple")
    result = export(None, outputs(fruit_run), progress=notes)
    (exported,) = result.artefacts
    assert class_names(exported.path) == ["apple", "banana"]
    assert exported.measured["accuracy"] is None
    assert "accuracy" not in export_text(result)
    (line,) = [line for line in notes.lines if "no longer those" in line]
    assert line.endswith("the export is checked on those that are here")


def test_takes_test_images_that_changed(fruit_run, run_here: None, notes) -> None:
    (exported,) = export(None, outputs(fruit_run), progress=notes).artefacts
    assert exported.measured["accuracy"] is not None
    summary = read_summary(fruit_run).values | {"test_images_digest": "files:of others"}
    fruit_run.summary.write_text(json.dumps(summary))
    (exported,) = export(None, outputs(fruit_run), progress=notes).artefacts
    assert exported.measured["accuracy"] is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": ["savedmodel"]}, "unknown format; did you mean saved_model?"),
        ({"formats": ["saved_model"], "quantize": "int8"}, "not for SavedModel"),
        ({"formats": ["saved_model"], "batch_size": 1}, "takes any number of images"),
    ],
)
def test_refuses_formats_and_options(run_copy, options, message: str) -> None:
    with pytest.raises(ExportError, match=re.escape(message)):
        export(None, outputs(run_copy), **options)
    assert not run_copy.exports.exists()


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
