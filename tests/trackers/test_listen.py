"""Trackers listen: they get what the run folder has, and can neither stop nor delay a run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest

from kcnn.machine.packages import Requirement
from kcnn.progress import EpochFinished, Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics, write_metrics
from kcnn.text.shell import shell_word
from kcnn.trackers import listen
from kcnn.trackers.listen import tracked
from kcnn.trackers.tracker import Row


class Fake:
    """A tracker that keeps what it gets, and fails or waits where a test asks it to."""

    name: ClassVar[str] = "fake"
    title: ClassVar[str] = "Fake"
    requirements: ClassVar[Sequence[Requirement]] = ()
    destination = "some where"

    def __init__(self, failures: int = 0, before: Callable[[], object] = lambda: None) -> None:
        self.rows: list[Row] = []
        self.statuses: list[str] = []
        self.starts = 0
        self._failures = failures
        self._before = before

    def start(self, run: RunFolder) -> None:
        self._before()
        self.starts += 1
        if self._failures:
            self._failures -= 1
            raise ValueError("down")
        self.rows = []

    def add_epochs(self, rows: Sequence[Row]) -> None:
        self.rows += rows

    def finish(self, status: str, advance: Callable[[], None]) -> None:
        self.statuses.append(status)

    def where(self) -> str:
        return "here"

    def explain(self, error: Exception) -> str:
        return f"it is {error}"


@pytest.fixture
def run(tracked_run: RunFolder) -> RunFolder:
    """Return a run before its first epoch has ended."""
    tracked_run.metrics.unlink()
    return tracked_run


def epoch(run: RunFolder, progress: Progress, number: int) -> None:
    """Write the row of an epoch and report it, as a training does."""
    rows = [{"epoch": n, "loss": 1 / 3 / n, "seconds": 1.0} for n in range(1, number + 1)]
    write_metrics(run, list(rows[0]), rows)
    progress.receive(EpochFinished(number, rows[-1]))


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_tracker_gets_the_rows_of_metrics_csv(run: RunFolder, notes) -> None:
    tracker = Fake()
    with tracked(run, [tracker], notes) as progress:
        for number in (1, 2, 3):
            epoch(run, progress, number)
    assert tracker.rows == read_metrics(run)
    assert tracker.rows[0]["loss"] == 0.333333  # not all digits, as in the event
    assert (tracker.starts, tracker.statuses) == (1, ["finished"])
    assert notes.lines == ["Fake: here"]


def test_a_resumed_run_passes_earlier_rows_too(run: RunFolder, notes) -> None:
    epoch(run, Progress(), 2)
    tracker = Fake()
    with tracked(run, [tracker], notes) as progress:
        epoch(run, progress, 3)
    assert [row["epoch"] for row in tracker.rows] == [1, 2, 3]


def test_a_slow_tracker_delays_no_epoch_and_loses_none(run: RunFolder, notes) -> None:
    go_on = threading.Event()
    tracker = Fake(before=lambda: go_on.wait(60))
    with tracked(run, [tracker], notes) as progress:
        for number in range(1, 6):
            epoch(run, progress, number)
        assert tracker.starts == 0
        go_on.set()
    assert [row["epoch"] for row in tracker.rows] == [1, 2, 3, 4, 5]


def test_a_tracker_that_fails_is_noted_once_and_gets_all_rows_later(run: RunFolder, notes) -> None:
    tracker = Fake(failures=2)
    with tracked(run, [tracker], notes) as progress:
        wait_until(lambda: tracker.starts == 1)
        time.sleep(0.1)  # until the failure is kept
        epoch(run, progress, 1)
        wait_until(lambda: tracker.starts == 2)
        epoch(run, progress, 2)
    warning = (
        "Fake: it is down; the training goes on, and each epoch tries again. Later: kcnn track "
        f"{shell_word(run.path)} --fake {shell_word('some where')}"
    )
    assert notes.lines == [warning, "Fake: here"]
    assert warning in run.log.read_text(encoding="utf-8")
    assert [row["epoch"] for row in tracker.rows] == [1, 2]


def test_one_that_fails_to_the_end_costs_one_note(run: RunFolder, notes) -> None:
    tracker = Fake(failures=100)
    with tracked(run, [tracker], notes) as progress:
        wait_until(lambda: tracker.starts == 1)
        for number in (1, 2, 3):
            epoch(run, progress, number)
    assert len(notes.lines) == 1
    assert tracker.statuses == []


def test_a_note_at_the_end_says_how_to_send_the_run(run: RunFolder, notes) -> None:
    with tracked(run, [Fake(failures=100)], notes):
        pass
    assert notes.lines == [
        "Fake: it is down; it does not have the whole run. To send it: kcnn track "
        f"{shell_word(run.path)} --fake {shell_word('some where')}"
    ]


def test_a_tracker_that_never_answers_is_left_behind(
    run: RunFolder, notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "_SECONDS_WITHOUT_PROGRESS", 0.3)
    forever = threading.Event()
    other = Fake()
    with tracked(run, [Fake(before=forever.wait), other], notes) as progress:
        epoch(run, progress, 1)
    forever.set()
    assert other.statuses == ["finished"]
    assert notes.lines[0] == "Fake: here"
    assert notes.lines[1].startswith("Fake: no answer for 0 seconds; it does not have")


def test_ctrl_c_while_a_tracker_is_waited_for_says_how_to_send_the_run(
    run: RunFolder, notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    go_on = threading.Event()
    with (
        pytest.raises(KeyboardInterrupt),
        tracked(run, [Fake(before=lambda: go_on.wait(60))], notes),
    ):
        monkeypatch.setattr(threading.Thread, "join", stop)
    go_on.set()
    [line] = [line for line in notes.lines if line.startswith("Fake")]
    assert line.startswith("Fake: stopped; it does not have the whole run. To send it: kcnn track")


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "interrupted"), (ValueError("x"), "failed")]
)
def test_a_tracker_learns_how_a_run_ended(
    error: BaseException, status: str, run: RunFolder, notes
) -> None:
    tracker = Fake()
    with pytest.raises(type(error)), tracked(run, [tracker], notes) as progress:
        epoch(run, progress, 1)
        raise error
    assert tracker.statuses == [status]
    assert len(tracker.rows) == 1
    assert notes.lines == []


def test_without_trackers_the_display_itself_is_used(run: RunFolder, notes) -> None:
    before = threading.active_count()
    with tracked(run, [], notes) as progress:
        assert progress is notes
        assert threading.active_count() == before
