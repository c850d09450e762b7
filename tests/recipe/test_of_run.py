from __future__ import annotations

import json
from pathlib import Path

import pytest

import kcnn
from kcnn.errors import RecipeError
from kcnn.recipe.of_run import read_resolved
from kcnn.runs.folder import RunFolder

RECIPE = """\
name: small
data: {dataset: digits}
model: {layers: [Flatten, {Dense: {units: 10}}]}
train: {epochs: 1, optimizer: SGD, batch_size: 32, loss: sparse_categorical_crossentropy}
"""


def run_by(version: object, folder: Path, recipe: str) -> RunFolder:
    run = RunFolder(folder)
    run.resolved.write_text(recipe)
    run.environment.write_text(json.dumps({"kcnn": version}))
    return run


def test_reads_a_run_of_another_version(tmp_path: Path) -> None:
    run = run_by("9.9.9", tmp_path, RECIPE)
    assert read_resolved(run, ["train.epochs=3"]).train.epochs == 3


def test_names_the_version_that_may_know_other_settings(tmp_path: Path) -> None:
    run = run_by("9.9.9", tmp_path, RECIPE.replace("epochs: 1", "epochs: 1, epoch_limit: 2"))
    with pytest.raises(RecipeError, match="epoch_limit: unknown setting") as caught:
        read_resolved(run)
    expected = f"the run was written by kcnn 9.9.9, and this is kcnn {kcnn.__version__}"
    assert caught.value.hint is not None
    assert caught.value.hint.endswith(expected)


@pytest.mark.parametrize("version", [kcnn.__version__, 3, None])
def test_blames_no_version(version: object, tmp_path: Path) -> None:
    run = run_by(version, tmp_path, "name: [")
    with pytest.raises(RecipeError) as caught:
        read_resolved(run)
    assert "written by" not in (caught.value.hint or "")


def test_a_run_without_environment(tmp_path: Path) -> None:
    run = run_by("1", tmp_path, "name: [")
    run.environment.unlink()
    with pytest.raises(RecipeError) as caught:
        read_resolved(run)
    assert "written by" not in (caught.value.hint or "")
