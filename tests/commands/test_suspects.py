"""kcnn data suspects, from a run to its files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.fit import fit
from kcnn.commands.suspects import find_suspects
from kcnn.data.digits import read_digits
from kcnn.errors import DataError, RunError
from kcnn.files.atomic import write_text
from kcnn.runs.folder import RunFolder
from kcnn.runs.scores import read_predictions

RECIPE = """
name: flipped
data: {dataset: npz, path: flipped.npz}
model: {layers: [Flatten, {Dense: {units: 32, activation: relu}}, {Dense: {units: 10}}]}
train: {epochs: 8, batch_size: 32, optimizer: {Adam: {learning_rate: 0.01}}, \
loss: sparse_categorical_crossentropy}
"""


def write_data(folder: Path) -> list[int]:
    """Write 500 digits of which every 25th has the next label; return which they are."""
    train = read_digits().train
    pixels, labels = train.read(np.arange(600)), train.labels[:600].copy()
    flipped = list(range(0, 500, 25))
    labels[flipped] = (labels[flipped] + 1) % 10
    np.savez(
        folder / "flipped.npz",
        x_train=pixels[:500], y_train=labels[:500], x_test=pixels[500:], y_test=labels[500:],
    )  # fmt: skip
    write_text(folder / "flipped.yaml", RECIPE)
    return flipped


@pytest.mark.slow
def test_flipped_labels_are_found_and_the_run_is_not_changed(tmp_path: Path) -> None:
    flipped = write_data(tmp_path)
    outputs = tmp_path / "outputs"
    run = fit(tmp_path / "flipped.yaml", output_dir=outputs).run
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    arguments = ["data", "suspects", "--output-dir", str(outputs), "--folds", "2", "--json"]
    result = json.loads(CliRunner().invoke(cli, [*arguments, "--quiet"]).stdout)
    found = [suspect["index"] for suspect in result["suspects"]]
    assert len(set(found) & set(flipped)) >= 15  # of 20
    assert len(set(found[:20]) & set(flipped)) >= 14
    assert {path: path.read_bytes() for path in before} == before
    with (run.path / "suspects/suspects.csv").open(encoding="utf-8", newline="") as stream:
        assert [int(row["index"]) for row in csv.DictReader(stream)] == found
    assert (run.path / "suspects/suspects.png").is_file()
    trained = (run.path / "suspects/flipped/fold-1-of-2/model.keras").stat().st_mtime_ns
    again = find_suspects(None, outputs, folds=2)  # nothing is trained again
    assert [suspect.index for suspect in again.suspects] == found
    assert (run.path / "suspects/flipped/fold-1-of-2/model.keras").stat().st_mtime_ns == trained
    assert again.run == run.title  # and the trainings are no runs of the user
    assert (again.images, again.folds) == (500, 2)
    # Each image is judged by the model that was trained without it, and tested on it.
    folds = [run.path / f"suspects/flipped/fold-{number}-of-2" for number in (1, 2)]
    tested = [read_predictions(RunFolder(fold)) for fold in folds]
    right = sum((fold.predicted == fold.label).sum() for fold in tested)
    assert again.accuracy == right / 500
    (folds[1] / "predictions.csv").write_bytes((folds[0] / "predictions.csv").read_bytes())
    with pytest.raises(RunError, match="was scored on other images than those that are here now"):
        find_suspects(None, outputs, folds=2)


def test_more_folds_than_images_of_a_class_are_refused(fruit_run: RunFolder) -> None:
    outputs = fruit_run.path.parents[1]
    with pytest.raises(DataError, match=r"--folds 9: class apple has 4 training images"):
        find_suspects(None, outputs, folds=9)
    assert not (fruit_run.path / "suspects").exists()


def test_a_run_of_a_fold_is_refused(fruit_run: RunFolder) -> None:
    text = fruit_run.resolved.read_text(encoding="utf-8")
    fold = text.replace("image_size:", "fold: {number: 1, of: 2}, image_size:")
    write_text(fruit_run.resolved, fold)
    with pytest.raises(RunError, match="trained for a cross-validation"):
        find_suspects(str(fruit_run.path), fruit_run.path.parents[1])
