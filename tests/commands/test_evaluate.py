from __future__ import annotations

import json
import shutil

import keras
import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from kcnn.commands.evaluate import evaluate
from kcnn.console.evaluate import evaluation_text
from kcnn.data.digits import read_digits
from kcnn.errors import DataError, RunError
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_summary


def outputs(run: RunFolder):
    return run.path.parents[1]


def test_scores_the_test_set(trained_run) -> None:
    files = sorted(trained_run.path.iterdir())
    evaluation = evaluate(None, outputs(trained_run))
    test = read_digits().test
    model = keras.saving.load_model(trained_run.model, compile=False)
    predicted = model.predict(test.read_all(), verbose=0).argmax(axis=1)
    assert (evaluation.run, evaluation.weights) == ("digits/run-001", "last")
    assert evaluation.images == len(test) == 360
    assert evaluation.accuracy == pytest.approx(np.mean(predicted == test.labels))
    assert evaluation.accuracy > 0.9
    assert [score.support for score in evaluation.per_class] == np.bincount(test.labels).tolist()
    assert json.loads(json.dumps(evaluation.as_json()))["per_class"][3]["name"] == "3"
    assert sorted(trained_run.path.iterdir()) == files


def test_scores_with_test_time_augmentation(run_copy) -> None:
    plain = evaluate(None, outputs(run_copy))
    assert plain.augmented is None
    changed = run_copy.resolved.read_text().replace(
        "dataset: digits", "dataset: digits, test_time_augmentation: {shift: 2}"
    )
    run_copy.resolved.write_text(changed)
    evaluation = evaluate(None, outputs(run_copy))
    assert (evaluation.accuracy, evaluation.per_class) == (plain.accuracy, plain.per_class)
    test = read_digits().test
    model = keras.saving.load_model(run_copy.model, compile=False)
    padded = np.pad(test.read_all(), ((0, 0), (2, 2), (2, 2), (0, 0)), mode="reflect")
    shifted = model.predict(padded[:, 4:, 4:], verbose=0) + model.predict(
        padded[:, :-4, :-4], verbose=0
    )
    logits = 0.5 * model.predict(test.read_all(), verbose=0) + 0.25 * shifted
    accuracy = np.mean(logits.argmax(axis=1) == test.labels)
    assert accuracy != evaluation.accuracy
    assert evaluation.augmented == {"accuracy": pytest.approx(accuracy), "flip": None, "shift": 2}
    assert json.loads(json.dumps(evaluation.as_json()))["augmented"]["shift"] == 2
    assert evaluation_text(evaluation).splitlines()[-3::2] == [
        f"digits/run-001 (last weights): test accuracy {100 * plain.accuracy:.2f} % on 360 images",
        f"{100 * accuracy:.2f} % with shifts averaged",
    ]
    assert evaluation_text(plain).splitlines()[-2].endswith("on 360 images")


def test_scores_the_best_weights(run_copy) -> None:
    with pytest.raises(RunError, match=r"best.keras: this run has no such model"):
        evaluate(None, outputs(run_copy), weights="best")
    shutil.copy(run_copy.model, run_copy.best_model)
    assert evaluate(None, outputs(run_copy), weights="best").weights == "best"


def test_refuses_a_missing_run(tmp_path) -> None:
    with pytest.raises(RunError, match="no runs here"):
        evaluate(None, tmp_path)


def test_refuses_a_run_without_a_model(run_copy) -> None:
    run_copy.model.unlink()
    with pytest.raises(RunError, match=r"model.keras: this run has no such model"):
        evaluate("digits", outputs(run_copy))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x00\xff" * 500])
def test_refuses_a_damaged_model(run_copy, content) -> None:
    run_copy.model.write_bytes(content)
    with pytest.raises(RunError, match="keras: not the weights of") as caught:
        evaluate("digits", outputs(run_copy))
    assert "\n" not in caught.value.message


def test_refuses_a_truncated_model(run_copy) -> None:
    run_copy.model.write_bytes(run_copy.model.read_bytes()[:-500])
    with pytest.raises(RunError, match="not the weights of"):
        evaluate("digits", outputs(run_copy))


def test_refuses_a_model_with_another_output(run_copy) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.save(run_copy.model)
    with pytest.raises(RunError, match="not the weights of"):
        evaluate("digits", outputs(run_copy))


def test_refuses_a_model_for_other_images(run_copy, put_model) -> None:
    put_model(run_copy, "[Flatten, {Dense: {units: 10}}]", (9, 8, 1))
    with pytest.raises(RunError, match=r"takes images of shape \(9, 8, 1\).* \(8, 8, 1\)"):
        evaluate("digits", outputs(run_copy))


def test_refuses_a_model_for_other_classes(run_copy, put_model) -> None:
    put_model(run_copy, "[Flatten, {Dense: {units: 3}}]", (8, 8, 1))
    with pytest.raises(RunError, match="predicts 3 classes, but there are 10 names"):
        evaluate("digits", outputs(run_copy))


def test_refuses_a_dataset_with_a_renamed_class(fruit_run, notes) -> None:
    assert evaluate(None, outputs(fruit_run), progress=notes).images == 2
    assert notes.lines == []
    photos = fruit_run.path.parents[2] / "photos"
    (photos / "apple").rename(photos / "red_apple")
    with pytest.raises(RunError, match=r"run-001: was trained on apple, banana; the data") as e:
        evaluate(None, outputs(fruit_run))
    assert e.value.message.endswith("the dataset now has red_apple, banana")
    assert "train it again" in e.value.hint


def test_notes_that_the_test_images_changed(fruit_run, notes) -> None:
    summary = read_summary(fruit_run).values | {"test_images_digest": "files:of others"}
    fruit_run.summary.write_text(json.dumps(summary))
    assert evaluate(None, outputs(fruit_run), progress=notes).images == 2
    assert notes.lines == [
        "fruit/run-001: the test images are no longer those that it was scored on; it may have "
        "learned from some of them"
    ]


def test_refuses_the_same_classes_in_another_order(run_copy) -> None:
    names = [str(digit) for digit in range(9, -1, -1)]
    run_copy.summary.write_text(json.dumps({"status": "finished", "class_names": names}))
    with pytest.raises(RunError, match=r"trained on 9, 8, .* now has 0, 1, "):
        evaluate(None, outputs(run_copy))


@pytest.mark.parametrize("summary", [None, '{"status": "interrupted"}'])
def test_scores_a_run_that_stopped_before_it_saved_its_classes(run_copy, notes, summary) -> None:
    scored = evaluate(None, outputs(run_copy))
    run_copy.summary.unlink()
    if summary is not None:
        run_copy.summary.write_text(summary)
    assert evaluate(None, outputs(run_copy), progress=notes) == scored
    assert notes.lines == [
        "digits/run-001: stopped before its classes were written; assuming those of the dataset"
    ]


def test_refuses_a_finished_run_without_class_names(run_copy) -> None:
    run_copy.summary.write_text('{"status": "finished"}')
    with pytest.raises(RunError, match="class_names: expected a list with the name"):
        evaluate(None, outputs(run_copy))


def test_refuses_a_run_whose_dataset_is_gone(run_copy, tmp_path) -> None:
    recipe = run_copy.resolved.read_text().replace(
        "dataset: digits", f"dataset: npz, path: {tmp_path / 'gone.npz'}"
    )
    run_copy.resolved.write_text(recipe)
    with pytest.raises(DataError, match=r"gone\.npz"):
        evaluate("digits", outputs(run_copy))


def test_writes_the_images_that_are_classified_wrong(run_copy, tmp_path) -> None:
    evaluation = evaluate(None, outputs(run_copy), wrong=tmp_path / "wrong")
    assert evaluation.wrong is not None
    mistakes = round((1 - evaluation.accuracy) * evaluation.images)
    files = list((tmp_path / "wrong").glob("*/*/*.png"))
    assert len(files) == evaluation.wrong.images == mistakes > 0
    assert all(true.parts[-2] != true.parts[-3] for true in files)
    assert json.loads(json.dumps(evaluation.as_json()))["wrong"]["images"] == mistakes


def test_refuses_a_folder_with_files_before_anything_is_loaded(fruit_run, tmp_path) -> None:
    (tmp_path / "wrong").mkdir()
    (tmp_path / "wrong" / "file").write_text("")
    shutil.rmtree(fruit_run.path.parents[2] / "photos" / "apple")
    (tmp_path / "wrong-2").mkdir()
    with pytest.raises(RunError, match="wrong: has files in it") as caught:
        evaluate(None, outputs(fruit_run), wrong=tmp_path / "wrong")
    assert f"--wrong {tmp_path / 'wrong-3'}" in str(caught.value.hint)


def test_refuses_links_to_images_without_files_before_they_are_scored(run_copy, tmp_path) -> None:
    run_copy.model.write_bytes(b"not read yet")
    with pytest.raises(RunError, match="no image files to link to"):
        evaluate(None, outputs(run_copy), wrong=tmp_path / "wrong", link=True)


def test_copies_wrong_images_from_where_they_are_now(fruit_run, tmp_path) -> None:
    photos = fruit_run.path.parents[2] / "photos"
    moved = photos.rename(photos.with_name("moved"))
    # With equal pixels in both classes, one of the two test images is classified wrong.
    for path in moved.glob("*/*.png"):
        comment = PngInfo()
        comment.add_text("Comment", str(path))
        Image.new("RGB", (8, 8), "red").save(path, pnginfo=comment)
    settings = [f"data.path={moved}"]
    evaluation = evaluate(None, outputs(fruit_run), settings=settings, wrong=tmp_path / "wrong")
    assert evaluation.wrong is not None
    assert evaluation.wrong.images == 1
    (copy,) = (tmp_path / "wrong").glob("*/*/*.png")
    assert copy.read_bytes() == (moved / copy.parts[-3] / copy.name).read_bytes()
