"""Runs that cannot be resumed are refused with the reason, and not changed."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kcnn.cli import cli
from kcnn.commands.fit import fit
from kcnn.commands.resume import resume
from kcnn.data.dataset import Dataset
from kcnn.errors import KcnnError, RunError
from kcnn.figures import accuracy
from kcnn.files.npz import NoRoomError
from kcnn.runs.folder import RunFolder
from kcnn.runs.lock import lock_run
from kcnn.training.complete_run import FitResult


@pytest.fixture(scope="module")
def finished(tiny_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> FitResult:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(tiny_recipe, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("kcnn.figures.all_figures.FIGURES", (accuracy,))
        return fit(folder / "tiny.yaml", ["train.epochs=3"], output_dir=folder / "outputs")


@pytest.fixture
def run_copy(finished: FitResult, tmp_path: Path) -> RunFolder:
    """Copy a finished run, so that a test may damage it."""
    shutil.copytree(finished.run.path, tmp_path / "outputs" / "tiny" / "run-001")
    return RunFolder(tmp_path / "outputs" / "tiny" / "run-001")


def _unlike(run: RunFolder, **changes: object) -> None:
    environment = json.loads(run.environment.read_text())
    run.environment.write_text(json.dumps(environment | changes))


def _damage(run: RunFolder) -> None:
    for path in run.checkpoints.glob("*.npz"):
        path.write_bytes(b"PK nothing")


@pytest.mark.parametrize(
    ("prepare", "overrides", "message"),
    [
        (None, [], "finished after epoch 3; all its epochs are done"),
        (None, ["train.epochs=2"], "train.epochs=2, but 3 epochs are done"),
        (None, ["train.batch_size=32", "train.epochs=9"],
         "train.batch_size cannot change when a run is resumed"),
        (_damage, ["train.epochs=9"], "every checkpoint in it is damaged"),
        (lambda run: _unlike(run, training_devices=["GPU:0", "GPU:1"]), ["train.epochs=9"],
         "was started on GPU:0, GPU:1, and here CPU:0 would train"),
        (lambda run: shutil.rmtree(run.checkpoints), [], "without a checkpoint to resume from"),
    ],
)  # fmt: skip
def test_refuses_and_does_not_change_the_run(
    run_copy: RunFolder,
    prepare: Callable[[RunFolder], None] | None,
    overrides: list[str],
    message: str,
) -> None:
    if prepare:
        prepare(run_copy)
    before = {path: path.read_bytes() for path in run_copy.path.rglob("*") if path.is_file()}
    with pytest.raises(KcnnError) as caught:
        resume(str(run_copy.path), overrides)
    assert message in caught.value.message
    after = {path: path.read_bytes() for path in run_copy.path.rglob("*") if path.is_file()}
    after.pop(run_copy.checkpoints / "lock", None)
    before.pop(run_copy.checkpoints / "lock", None)
    assert after == before


def test_refuses_other_images(run_copy: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(Dataset, "digest", lambda self: "another")
    with pytest.raises(RunError, match="was trained on other images than those that are here now"):
        resume(str(run_copy.path), ["train.epochs=4"])


def test_refuses_a_checkpoint_of_another_model(run_copy: RunFolder) -> None:
    text = run_copy.resolved.read_text()
    run_copy.resolved.write_text(text.replace("filters: 4", "filters: 6"))
    with pytest.raises(RunError, match="not the settings that the run was started with"):
        resume(str(run_copy.path), ["train.epochs=4"])


def change_state(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the content of a checkpoint, but keep the archive whole."""
    with np.load(path) as archive:
        arrays = dict(archive)
    state = json.loads(arrays["tree.json"].tobytes())
    change(state)
    arrays["tree.json"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
    np.savez(path, **arrays)


def _npy(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "an array alone": _npy,
    "no zip": lambda path: path.write_bytes(b"nothing"),
    "empty": lambda path: path.write_bytes(b""),
    "no values": lambda path: change_state(path, dict.clear),
    "about a list": lambda path: change_state(path, lambda state: state.update(about=[])),
    "other rows": lambda path: change_state(
        path, lambda state: state["parts"]["MetricsFile"]["rows"].pop()
    ),
    "no arrays": lambda path: change_state(path, lambda state: state.update(variables=[1, "x"])),
    "no such array": lambda path: change_state(
        path, lambda state: state["variables"].append({"tree.json": ["x"]})
    ),
}


def _no_room(path: Path) -> dict[str, np.ndarray]:
    raise NoRoomError("2 GB when unpacked, and 1 GB of memory are free")


def _no_right(path: Path) -> dict[str, np.ndarray]:
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (_no_room, "2 GB when unpacked, and 1 GB of memory are free"),
        (_no_right, "Permission denied"),
    ],
)
def test_refuses_a_checkpoint_that_cannot_be_read(
    run_copy: RunFolder, monkeypatch: pytest.MonkeyPatch, read: Callable, reason: str
) -> None:
    monkeypatch.setattr("kcnn.runs.checkpoint.read_arrays", read)
    with pytest.raises(RunError) as caught:
        resume(str(run_copy.path), ["train.epochs=4"])
    newest = run_copy.checkpoints / "epoch-0003.npz"
    assert caught.value.message == f"{newest}: cannot be read: {reason}"
    assert "remove it, to resume from the one before" in caught.value.hint


@pytest.mark.parametrize("damage", DAMAGES)
def test_skips_a_file_that_is_not_a_checkpoint(run_copy: RunFolder, damage: str, notes) -> None:
    newest, before = (
        run_copy.checkpoints / "epoch-0003.npz",
        run_copy.checkpoints / "epoch-0002.npz",
    )
    DAMAGES[damage](newest)
    DAMAGES[damage](before)
    with pytest.raises(RunError, match="every checkpoint in it is damaged"):
        resume(str(run_copy.path), ["train.epochs=4"], progress=notes)
    assert notes.lines == [f"{path}: damaged; trying the one before" for path in (newest, before)]


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state["variables"].pop(),
        lambda state: state["parts"].pop("StepLosses"),
        lambda state: state["parts"]["StepLosses"].update(losses=[1, 2]),
        lambda state: state["parts"]["MetricsFile"].update(rows=[{"epoch": 10**400}] * 3),
        lambda state: state["parts"]["BestWeights"].update(weights=5),
    ],
)
def test_refuses_a_checkpoint_with_other_content(run_copy: RunFolder, change) -> None:
    change_state(run_copy.checkpoints / "epoch-0003.npz", change)
    with pytest.raises(RunError, match="does not fit the recipe of this run"):
        resume(str(run_copy.path), ["train.epochs=4"])


@pytest.mark.parametrize("precision", [None, "float8", 7])
def test_refuses_an_environment_without_a_precision(run_copy: RunFolder, precision: object) -> None:
    _unlike(run_copy, precision=precision)
    with pytest.raises(RunError, match=r"environment\.json: precision: expected"):
        resume(str(run_copy.path), ["train.epochs=4"])


def test_refuses_a_lock_that_is_not_a_file(run_copy: RunFolder) -> None:
    run_copy.lock.unlink(missing_ok=True)
    run_copy.lock.mkdir()
    with pytest.raises(RunError, match="lock: cannot be written"):
        resume(str(run_copy.path), ["train.epochs=4"])


def test_refuses_a_run_that_another_process_trains(run_copy: RunFolder) -> None:
    with lock_run(run_copy), pytest.raises(RunError, match="another process is training this run"):
        resume(str(run_copy.path), ["train.epochs=4"])


def test_keeps_only_two_checkpoints(finished: FitResult) -> None:
    names = {path.name for path in finished.run.checkpoints.iterdir()}
    assert names - {"lock"} == {"epoch-0002.npz", "epoch-0003.npz"}


def test_refuses_a_name_for_a_resumed_run() -> None:
    result = CliRunner().invoke(cli, ["fit", "--resume", "--name", "other"])
    assert result.exit_code == 2
    assert "--name: a resumed run keeps its own" in result.stderr
