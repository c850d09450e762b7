from __future__ import annotations

import os
from pathlib import Path

import pytest

from kcnn.errors import RunError
from kcnn.files.atomic import write_json, write_text
from kcnn.runs.find import find_model, find_run, find_runs, newest
from kcnn.runs.folder import RunFolder

RUNS = ("cifar/run-001", "cifar/run-002", "digits/first-try")


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Three runs, started in the order of RUNS but for the second, which is the newest."""
    folder = tmp_path / "outputs"
    for started, title in zip((100, 300, 200), RUNS, strict=True):
        resolved = folder / title / "resolved.yaml"
        write_text(resolved, "name: any\n")
        os.utime(resolved, (started, started))
    return folder


def test_find_run_by_path_title_and_recipe(outputs: Path) -> None:
    for run in (str(outputs / "cifar" / "run-001"), "cifar/run-001"):
        assert find_run(run, outputs).path == outputs / "cifar" / "run-001"
    assert find_run("cifar", outputs).title == "cifar/run-002"
    assert find_run(str(outputs / "cifar"), outputs).title == "cifar/run-002"
    assert find_run("digits", outputs).title == "digits/first-try"


def test_a_folder_of_the_recipes_name_hides_no_runs(
    outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outputs.parent / "digits").mkdir()
    monkeypatch.chdir(outputs.parent)
    assert find_run("digits", Path("outputs")).title == "digits/first-try"


def test_find_the_newest_run(outputs: Path) -> None:
    assert find_run(None, outputs).title == "cifar/run-002"
    os.utime(outputs / "digits" / "first-try" / "resolved.yaml", (400, 400))
    assert find_run(None, outputs).title == "digits/first-try"


# With other settings, a number is appended to the name.
@pytest.mark.parametrize("name", ["fold-3-of-3", "fold-3-of-3-2"])
def test_a_finished_fold_is_not_the_newest_run(name: str, outputs: Path) -> None:
    fold = outputs / "cifar" / name
    write_text(fold / "resolved.yaml", "name: any\n")
    assert find_run("cifar", outputs).path == fold  # in training: kcnn watch
    write_text(fold / "model.keras", "")
    assert find_run("cifar", outputs).title == "cifar/run-002"
    assert find_run(None, outputs).title == "cifar/run-002"
    assert find_run(f"cifar/{name}", outputs).path == fold


def test_folds_are_found_where_there_is_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "cifar" / "fold-1-of-3" / "resolved.yaml", "name: any\n")
    write_text(tmp_path / "cifar" / "fold-1-of-3" / "model.keras", "")
    assert find_run(None, tmp_path).title == "cifar/fold-1-of-3"


def test_of_runs_at_the_same_time_the_last_by_name_is_newest(outputs: Path) -> None:
    for title in RUNS:
        os.utime(outputs / title / "resolved.yaml", (500, 500))
    assert newest(find_runs(outputs)).title == "digits/first-try"


def test_find_runs_skips_other_folders(outputs: Path) -> None:
    (outputs / "cifar" / "run-003").mkdir()
    (outputs / "notes.txt").write_text("")
    assert [run.title for run in find_runs(outputs)] == list(RUNS)
    assert find_runs(outputs / "nowhere") == []


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("mnist", "mnist: no such run in"),
        ("cifar/run-009", "cifar/run-009: no such run in"),
        ("cifar/run-003", r"run-003: not a run folder \(no resolved.yaml in it\)"),
        ("cifar/run-001/resolved.yaml", "run-001/resolved.yaml: no such run in"),
        ("a" * 300, "cannot be read: File name too long"),
        ("", "not a run folder"),
    ],
)
def test_find_no_run(
    run: str, message: str, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outputs / "cifar" / "run-003").mkdir()
    empty = outputs.parent / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    with pytest.raises(RunError, match=message) as caught:
        find_run(run, outputs)
    assert "\n" not in caught.value.message


def test_no_runs_at_all(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"outputs: no runs here") as caught:
        find_run(None, tmp_path / "outputs")
    assert caught.value.hint == "train one first: kcnn fit digits"


def test_model_of_a_run(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    with pytest.raises(RunError, match=r"model\.keras: this run has no such model"):
        find_model(run, "last")
    run.model.write_bytes(b"")
    assert find_model(run, "last") == run.model
    with pytest.raises(RunError, match=r"best\.keras: this run has no such model") as caught:
        find_model(run, "best")
    assert "--weights last" in str(caught.value.hint)
    run.best_model.write_bytes(b"")
    assert find_model(run, "best") == run.best_model


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("interrupted", "kcnn fit --resume {0} finishes it"),
        ("unfinished", "kcnn fit --resume {0} finishes it"),
        ("failed", "train it again: kcnn fit {0}/resolved.yaml"),
    ],
)
def test_a_run_that_was_stopped_has_no_last_model(status: str, hint: str, tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    if status != "unfinished":
        write_json(run.summary, {"status": status})
    with pytest.raises(RunError) as caught:
        find_model(run, "last")
    assert caught.value.hint == (
        f"the run was stopped before its last epoch; {hint.format(tmp_path)}"
    )
