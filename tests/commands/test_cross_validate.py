"""Cross-validate a tiny model on scikit-learn's digits."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.cross_validate import cross_validate
from kcnn.commands.evaluate import evaluate
from kcnn.console.cross_validation import cross_validation_text
from kcnn.data.digits import read_digits
from kcnn.errors import KcnnError
from kcnn.files.read import read_json
from kcnn.runs.folder import RunFolder
from kcnn.runs.scores import read_predictions
from kcnn.stats import fold_interval
from kcnn.studies import trials
from kcnn.studies.cross_validation import CrossValidation
from kcnn.studies.trials import StudyOptions

TINY = ("train.epochs=1", "model.layers=[Flatten, {Dense: {units: 10}}]")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, fits_here) -> Path:
    folder = tmp_path_factory.mktemp("outputs")
    with fits_here():
        cross_validate("digits", 3, TINY, StudyOptions(folder))
    return folder


@pytest.fixture
def result(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> CrossValidation:
    """Cross-validate again: all folds are there."""
    monkeypatch.setattr(trials, "ProcessExecutor", lambda *_: pytest.fail("trained again"))
    return cross_validate("digits", 3, TINY, StudyOptions(outputs))


def test_each_training_image_is_tested_once(result: CrossValidation) -> None:
    labels = read_digits().train.labels
    tested = [read_predictions(RunFolder(run.path)).label for run in result.runs]
    assert [len(fold) for fold in tested] == [479, 479, 479]
    np.testing.assert_array_equal(np.bincount(np.concatenate(tested)), np.bincount(labels))
    assert [run.run for run in result.runs] == [f"digits/fold-{n}-of-3" for n in (1, 2, 3)]
    assert all(run.is_reused and run.test_images == 479 for run in result.runs)


def test_reports_scores_with_the_corrected_interval(result: CrossValidation) -> None:
    values = [read_json(run.path / "summary.json")["test"]["accuracy"] for run in result.runs]
    accuracy = next(quantity for quantity in result.shown if quantity.metric == "accuracy")
    assert accuracy.values == tuple(values)
    trained = sum(read_json(run.path / "summary.json")["images"]["train"] for run in result.runs)
    assert result.test_to_train == pytest.approx(1437 / trained)
    assert result.interval(accuracy) == fold_interval(values, 1437 / trained)
    text = cross_validation_text(result)
    assert "3 folds of the 1,437 training images, stratified; the test set was not used" in text
    assert "macro F1" in text
    written = json.loads((result.folder / "cross_validation.json").read_text())
    assert written == json.loads(json.dumps(result.as_json()))
    page = (result.folder / "cross_validation.md").read_text()
    assert page.startswith("# digits: cross-validation\n\n3 folds of the 1,437 training images")


def test_evaluate_scores_the_fold_of_a_run(result: CrossValidation, outputs: Path) -> None:
    run = result.runs[1]
    scored = evaluate(str(run.path), outputs)
    assert scored.images == run.test_images
    summary = read_json(run.path / "summary.json")
    assert scored.accuracy == pytest.approx(summary["test"]["accuracy"], abs=1e-6)


def test_too_many_folds_are_refused_before_any_training(tmp_path: Path) -> None:
    with pytest.raises(KcnnError, match="--folds 500: class 8 has 139 training images, fewer"):
        cross_validate("digits", 500, TINY, StudyOptions(tmp_path))
    with pytest.raises(KcnnError, match=r"the recipe has data\.fold already"):
        cross_validate("digits", 3, (*TINY, "data.fold={number: 1, of: 3}"), StudyOptions(tmp_path))


def test_proposes_what_fits_another_dataset(tmp_path: Path) -> None:
    images, labels = np.zeros((9, 8, 8, 1), np.uint8), [0, 1, 2] * 3
    arrays = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    np.savez(tmp_path / "own.npz", **arrays)
    data = ["data.dataset=npz", f"data.path={tmp_path / 'own.npz'}"]
    with pytest.raises(KcnnError) as error:
        cross_validate("digits", 3, data, StudyOptions(tmp_path))
    assert error.value.hint is not None
    assert error.value.hint.startswith("kcnn reproduce --folds 3 digits data.dataset=npz ")


def test_the_command(result: CrossValidation, outputs: Path) -> None:
    command = ["reproduce", "digits", "--folds", "3", "--output-dir", str(outputs), *TINY]
    done = CliRunner().invoke(cli, [*command, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["folds"] == 3
    refused = CliRunner().invoke(cli, [*command, "--seeds", "2"])
    assert refused.exit_code == 2
    assert "--folds and --seeds do not go together" in refused.output
