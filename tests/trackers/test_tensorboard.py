"""Event files, as TensorBoard's own loader reads them."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.machine.start import start_tensorflow
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics
from kcnn.trackers.tensorboard import TensorBoard


@pytest.fixture(scope="module", autouse=True)
def _tensorflow() -> None:
    start_tensorflow()  # which TensorBoard imports, too


def send(run: RunFolder, destination: str = "", rows: slice = slice(None)) -> TensorBoard:
    tracker = TensorBoard(destination)
    tracker.start(run)
    tracker.add_epochs(read_metrics(run)[rows])
    tracker.finish("finished", lambda: None)
    return tracker


def values(folder: Path) -> dict[str, list[tuple[int, Any]]]:
    """Return steps and values by tag, of all event files in their order."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    found: dict[str, list[tuple[int, Any]]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, make_ndarray(value.tensor)))
    return found


def test_writes_metrics_results_plots_and_settings(tracked_run: RunFolder) -> None:
    tracker = send(tracked_run)
    found = values(tracked_run.tensorboard)
    assert found["loss"] == [(1, np.float32(0.333333)), (2, np.float32(0.166667))]
    assert found["learning_rate"] == [(1, np.float32(0.001)), (2, np.float32(0.001))]
    assert "epoch" not in found
    assert found["test_accuracy"] == [(2, np.float32(0.9))]
    [(step, (width, height, png))] = found["plots/loss"]
    assert (step, width, height) == (2, b"6", b"4")
    assert png == (tracked_run.plots / "loss.png").read_bytes()
    steps, texts = zip(*found["settings"], strict=True)
    assert steps == (0, 2)
    assert tracked_run.resolved.read_text(encoding="utf-8") in texts[0].item().decode()
    assert tracker.where() == f"tensorboard --logdir {tracked_run.tensorboard}"


def test_writes_no_step_twice(tracked_run: RunFolder) -> None:
    send(tracked_run)
    with tracked_run.metrics.open("a") as file:
        file.write("3,0.1,0.3,0.001,1.000\n")
    send(tracked_run)
    found = values(tracked_run.tensorboard)
    assert [step for step, _ in found["loss"]] == [1, 2, 3]
    assert [step for step, _ in found["test_accuracy"]] == [2, 3]


def test_times_are_those_of_the_training(tracked_run: RunFolder) -> None:
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    send(tracked_run)
    [path] = tracked_run.tensorboard.iterdir()
    first, second = (
        event.wall_time
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
        if value.tag == "loss"
    )
    assert second - first == pytest.approx(3.0, abs=1e-3)  # the seconds of the second epoch


def test_a_folder_of_all_runs_gets_one_for_each(tracked_run: RunFolder, tmp_path: Path) -> None:
    tracker = send(tracked_run, str(tmp_path / "logs"))
    assert len(values(tmp_path / "logs" / "digits" / "run-001")["loss"]) == 2
    assert not tracked_run.tensorboard.exists()
    assert tracker.where() == f"tensorboard --logdir {tmp_path / 'logs'}"


def test_refuses_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "logs").touch()
    with pytest.raises(RunError, match="is a file, not a folder"):
        TensorBoard(str(tmp_path / "logs"))
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_explains_why_it_cannot_write(tracked_run: RunFolder) -> None:
    tracked_run.tensorboard.touch()
    tracker = TensorBoard("")
    with pytest.raises(Exception) as caught:
        tracker.start(tracked_run)
    assert tracker.explain(caught.value).startswith(f"{tracked_run.tensorboard}: cannot be written")


def test_a_full_disk_prints_no_traceback(
    tracked_run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tensorboard.summary.writer.record_writer import RecordWriter

    def fail(writer: RecordWriter, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    printed: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", printed.append)
    monkeypatch.setattr(RecordWriter, "write", fail)
    with pytest.raises(OSError, match="No space left on device"):
        send(tracked_run, str(tmp_path))
    assert printed == []
    broken = threading.Thread(target=lambda: 1 / 0)
    broken.start()
    broken.join()
    assert len(printed) == 1
