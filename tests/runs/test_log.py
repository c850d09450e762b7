from __future__ import annotations

import re
from pathlib import Path

import pytest

from kcnn.errors import TrainingError
from kcnn.progress import (
    EpochFinished,
    Note,
    Progress,
    StepFinished,
    TaskAdvanced,
    TaskFinished,
    TaskStarted,
    TrainingStarted,
)
from kcnn.runs.folder import RunFolder, create_run
from kcnn.runs.log import Remembering, log_notes, logged, read_new_lines


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return create_run(tmp_path, "digits")


def lines_of(run: RunFolder) -> list[str]:
    """Return the log's lines without the times that each must begin with."""
    lines = run.log.read_text(encoding="utf-8").splitlines()
    times = [re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ", line) for line in lines]
    return [line[time.end() :] for line, time in zip(lines, times, strict=True) if time]


def test_events_are_logged_and_reach_the_display(run: RunFolder, recorder) -> None:
    with logged(run, recorder) as progress:
        progress.note("going on")
        with progress.task("Loading", 9, "images") as advance:
            advance(9)
        progress.receive(TrainingStarted(2, 3, 4))
        progress.receive(StepFinished(1, 1, {"loss": 2.5}))
        progress.receive(EpochFinished(1, {"epoch": 1, "loss": 0.5, "accuracy": 1 / 3}))
    assert lines_of(run) == [
        "going on",
        "Loading",
        "training: 2 epochs of 3 steps of 4 images",
        "epoch 1/2: loss 0.5 accuracy 0.333333",
        "finished",
    ]
    assert recorder.events == [
        Note("going on"),
        TaskStarted("Loading", 9, "images"),
        TaskAdvanced(9),
        TaskFinished(),
        TrainingStarted(2, 3, 4),
        StepFinished(1, 1, {"loss": 2.5}),
        EpochFinished(1, {"epoch": 1, "loss": 0.5, "accuracy": 1 / 3}),
    ]


def test_a_resumed_run_appends_to_its_log(run: RunFolder) -> None:
    for _ in range(2):
        with logged(run, Progress()):
            pass
    assert lines_of(run) == ["finished", "finished"]


def test_notes_before_there_is_a_run_are_first_in_its_log(run: RunFolder, notes) -> None:
    early = Remembering(notes)
    with early.task("Loading", 9, "images") as advance:
        advance(9)
    early.note("left out 2 files")
    log_notes(run, early.notes)
    with logged(run, notes) as progress:
        progress.note("going on")
    assert lines_of(run) == ["left out 2 files", "going on", "finished"]
    assert notes.lines == ["left out 2 files", "going on"]


@pytest.mark.parametrize(
    ("error", "line"),
    [(TrainingError("the loss became NaN"), "failed: the loss became NaN"),
     (KeyboardInterrupt(), "stopped")],
)  # fmt: skip
def test_how_it_ended(error: BaseException, line: str, run: RunFolder) -> None:
    with pytest.raises(type(error)), logged(run, Progress()):
        raise error
    assert lines_of(run) == [line]


def test_a_bug_leaves_its_traceback(run: RunFolder) -> None:
    with pytest.raises(ZeroDivisionError), logged(run, Progress()):
        raise ZeroDivisionError
    text = run.log.read_text(encoding="utf-8")
    assert "failed because of a bug in kcnn\nTraceback" in text


def test_names_of_files_that_are_no_text(run: RunFolder) -> None:
    with logged(run, Progress()) as progress:
        progress.note("photos/\udcff\x1b[2J.png")
    assert "\x1b" not in run.log.read_text(encoding="utf-8")
    assert len(lines_of(run)) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_hides_neither_the_error_nor_the_display(
    run: RunFolder, recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    run.log.symlink_to("/dev/full")
    with pytest.raises(TrainingError, match="diverged"), logged(run, recorder) as progress:
        progress.note("going on")
        raise TrainingError("diverged")
    assert recorder.events == [Note("going on")]
    assert capsys.readouterr().err == ""


def test_new_lines_are_read_once_and_whole(run: RunFolder) -> None:
    assert read_new_lines(run, 0) == ([], 0)
    run.log.write_bytes(b"one\ntwo\nthr")
    assert read_new_lines(run, 0) == (["one", "two"], 8)
    assert read_new_lines(run, 8) == ([], 0)
    run.log.write_bytes(b"one\ntwo\nthree\n")
    assert read_new_lines(run, 8) == (["three"], 6)
