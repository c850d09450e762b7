"""Links in a hostile run folder, with which a command would write, delete or wait elsewhere."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kcnn.cli import cli
from kcnn.commands.fit import fit
from kcnn.runs.folder import RunFolder


@pytest.fixture(scope="module")
def finished(tiny_recipe: str, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "tiny.yaml").write_text(tiny_recipe, encoding="utf-8")
    return fit(folder / "tiny.yaml", ["train.epochs=2"], output_dir=folder / "outputs").run


@pytest.fixture
def run_copy(finished: RunFolder, tmp_path: Path) -> RunFolder:
    """Copy a finished run, so that a test may damage it."""
    shutil.copytree(finished.path, tmp_path / "outputs" / "tiny" / "run-001")
    return RunFolder(tmp_path / "outputs" / "tiny" / "run-001")


@pytest.fixture(autouse=True)
def time_limit() -> Iterator[None]:
    """End a test that waits for a pipe."""

    def stop(number: int, frame: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)


def kcnn(run: RunFolder, *arguments: str) -> Result:
    folder = str(run.path.parents[1])
    return CliRunner().invoke(cli, [*arguments, "--output-dir", folder], catch_exceptions=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("plots", ["plot"]),
        ("export", ["export"]),
        ("checkpoint", ["fit", "--resume", "tiny/run-001", "train.epochs=3"]),
        ("checkpoint/lock", ["fit", "--resume", "tiny/run-001", "train.epochs=3"]),
        ("checkpoint/lock", ["runs"]),
        ("log.txt", ["fit", "--resume", "tiny/run-001", "train.epochs=3"]),
    ],
)
def test_writes_and_deletes_nothing_through_links(
    run_copy: RunFolder, tmp_path: Path, name: str, command: list[str]
) -> None:
    outside = tmp_path / "mine"
    target = run_copy.path / name
    if target.is_dir():
        shutil.copytree(target, outside)
        shutil.rmtree(target)
    elif "." in name or name.endswith("lock"):
        outside.write_text("precious", encoding="utf-8")
        target.unlink(missing_ok=True)
    else:
        (outside / "saved_model").mkdir(parents=True)
    if outside.is_dir():
        (outside / ".cache.99999999").mkdir()
        (outside / "epoch-0000.npz").write_bytes(b"precious")
    before = contents(outside)
    target.symlink_to(outside)
    result = kcnn(run_copy, *command)
    assert contents(outside) == before
    if command != ["runs"]:
        assert result.exit_code == 1
        assert f"{target}: is a link" in result.stderr


def contents(path: Path) -> dict[str, bytes]:
    files = [path, *path.rglob("*")]
    return {str(file): file.read_bytes() if file.is_file() else b"" for file in files}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("summary.json", ["runs"]),
        ("metrics.csv", ["runs"]),
        ("confusion.csv", ["plot", "--only", "confusion"]),
        ("filters.npz", ["plot", "--only", "filters"]),
        ("log.txt", ["watch", "tiny/run-001"]),
        ("environment.json", ["fit", "--resume", "tiny/run-001", "train.epochs=3"]),
        ("model.keras", ["evaluate"]),
    ],
)
@pytest.mark.parametrize("what", ["pipe", "device"])
def test_does_not_wait_for_pipes_and_devices(
    run_copy: RunFolder, name: str, command: list[str], what: str
) -> None:
    (run_copy.path / name).unlink()
    if what == "pipe":
        os.mkfifo(run_copy.path / name)
    else:
        (run_copy.path / name).symlink_to("/dev/zero")
    result = kcnn(run_copy, *command)
    assert (result.exit_code, name in result.output) == (
        (0, False) if command == ["runs"] else (1, True)
    )
