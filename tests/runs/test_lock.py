from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from kcnn.errors import RunError
from kcnn.runs.folder import RunFolder, create_run
from kcnn.runs.lock import is_locked, lock_run

HOLDER = """
import sys
from pathlib import Path
from kcnn.runs.lock import lock_run
from kcnn.runs.folder import RunFolder

with lock_run(RunFolder(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return create_run(tmp_path, "digits")


def test_a_run_is_locked_while_it_trains(run: RunFolder) -> None:
    assert not is_locked(run)
    with lock_run(run):
        assert is_locked(run)
    assert not is_locked(run)


def test_one_process_at_a_time_until_it_is_killed(run: RunFolder) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    with pytest.raises(RunError, match="another process is training this run"), lock_run(run):
        pass
    other.kill()
    other.communicate()
    with lock_run(run):
        assert is_locked(run)


def test_asking_does_not_lock(run: RunFolder) -> None:
    with lock_run(run):
        pass
    assert [is_locked(run) for _ in range(2)] == [False, False]


def test_a_lock_that_leads_elsewhere_is_not_taken(run: RunFolder, tmp_path: Path) -> None:
    run.checkpoints.mkdir()
    (tmp_path / "mine").write_text("mine")
    run.lock.symlink_to(tmp_path / "mine")
    with pytest.raises(RunError, match="is a link"), lock_run(run):
        pass
    assert not is_locked(run)
    assert (tmp_path / "mine").read_text() == "mine"
    with filelock.FileLock(tmp_path / "mine"):
        assert not is_locked(run)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such locks")
def test_a_run_of_another_user_is_locked(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests may run as root, who may write every file."""

    def refuse(lock: filelock.FileLock, timeout: float) -> None:
        raise PermissionError

    with lock_run(run), monkeypatch.context() as patch:
        patch.setattr(filelock.FileLock, "acquire", refuse)
        assert is_locked(run)
    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    assert not is_locked(run)
