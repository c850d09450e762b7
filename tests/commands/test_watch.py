"""Follow a run that another process trains."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kcnn.commands import watch as module
from kcnn.commands.watch import watch
from kcnn.errors import RunError, TrainingError
from kcnn.progress import EpochFinished, Progress, TrainingStarted
from kcnn.runs.folder import RunFolder, create_run
from kcnn.runs.lock import is_locked, lock_run
from kcnn.runs.log import logged


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_READS", 0.01)
    made = create_run(tmp_path, "digits")
    made.resolved.write_text("name: digits\n")
    return made


def following(run: RunFolder) -> Iterator[str]:
    return watch(None, run.path.parent.parent)


def test_returns_lines_as_they_are_written_until_the_training_ends(run: RunFolder) -> None:
    heard = []
    seen = [threading.Event() for _ in range(3)]

    def train() -> None:
        with lock_run(run), logged(run, Progress()) as progress:
            for number in range(2):
                progress.note(f"line {number}")
                assert seen[number].wait(10)

    trainer = threading.Thread(target=train)
    trainer.start()
    while not (is_locked(run) and run.log.exists()):
        pass
    for line in following(run):
        heard.append(line)
        if "line" in line:
            seen[int(line[-1])].set()
    trainer.join()
    assert [line.split(" ", 1)[1] for line in heard[:-1]] == ["line 0", "line 1", "finished"]
    assert heard[-1] == "digits/run-001: unfinished, and no process trains it"


def test_follows_the_training_of_another_user(somebody_else: RunFolder) -> None:
    with lock_run(somebody_else):
        somebody_else.lock.chmod(0o444)
        with nobody():
            assert is_locked(somebody_else)
    with nobody():
        assert not is_locked(somebody_else)


@pytest.fixture
def somebody_else() -> Iterator[RunFolder]:
    """Make a run that everybody can read. Only the user can read pytest's own folders."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield create_run(Path(folder), "digits")


@contextmanager
def nobody() -> Iterator[None]:
    """Drop the rights of root, who can read all files, for a while."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_run_without_a_log(run: RunFolder) -> None:
    (line,) = following(run)
    assert line == "digits/run-001: unfinished, and no process trains it"


def test_refuses_a_log_that_cannot_be_read(run: RunFolder) -> None:
    run.log.mkdir()
    with pytest.raises(RunError, match=r"log\.txt: cannot be read"):
        next(following(run))


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (TrainingError("the loss became nan"), "failed: the loss became nan"),
        (KeyboardInterrupt(), "stopped"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
def test_log_ends_with_the_outcome_of_the_training(
    run: RunFolder, error: BaseException, last: str
) -> None:
    with pytest.raises(type(error)), logged(run, Progress()) as progress:
        progress.receive(TrainingStarted(3, 10, 64))
        progress.receive(EpochFinished(1, {"epoch": 1, "loss": 0.25}))
        raise error
    lines = run.log.read_text(encoding="utf-8").splitlines()
    assert lines[0].endswith(" training: 3 epochs of 10 steps of 64 images")
    assert lines[1].endswith(" epoch 1/3: loss 0.25")
    assert lines[-1].endswith(last)
