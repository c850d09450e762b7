"""Stop kcnn fit in real processes and terminals, and run several at once."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kcnn.commands.plot import plot_runs
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.metrics import read_metrics
from kcnn.runs.summary import read_status, read_summary


def start_kcnn(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start kcnn as a shell does in the foreground, with its signals enabled."""
    return subprocess.Popen(
        [sys.executable, "-m", "kcnn", *arguments],
        cwd=folder,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        preexec_fn=_hear_signals,
    )


def _hear_signals() -> None:
    """Reset the signals that a background job or nohup may ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        (signal.SIGINT, 130, "stopped by Ctrl-C"),
        (signal.SIGTERM, 143, "stopped by SIGTERM"),
        (signal.SIGHUP, 129, "stopped by SIGHUP"),
    ],
)
def test_signal_while_training_stops_in_good_order(
    number: signal.Signals, status: int, words: str, tiny: Path, tmp_path: Path
) -> None:
    process = start_kcnn(tmp_path, "fit", "tiny.yaml", "train.epochs=100000")
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("epoch "):
            process.send_signal(number)
            break
    output, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert output == ""
    assert "Traceback" not in errors
    assert errors.endswith(f"{words}\n")
    run = RunFolder(tmp_path / "outputs" / "tiny" / "run-001")
    assert read_summary(run).values["status"] == "interrupted"
    assert [row["epoch"] for row in read_metrics(run)][:1] == [1]
    assert {path.name for path in run.path.iterdir()} == {
        "recipe.yaml", "resolved.yaml", "environment.json", "metrics.csv", "steps.csv",
        "summary.json", "checkpoint", "log.txt",
    }  # fmt: skip
    plots = plot_runs([], tmp_path / "outputs", "png", [], None, Progress()).paths
    assert {"accuracy.png", "loss.png"} <= {path.name for path in plots}


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1.0, 2.0])
def test_ctrl_c_stops_kcnn_while_tensorflow_starts(
    seconds: float, tiny: Path, tmp_path: Path
) -> None:
    process = start_kcnn(tmp_path, "fit", "tiny.yaml", "train.epochs=100000")
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert errors.splitlines()[-1] == "stopped by Ctrl-C"
    assert "Traceback" not in errors
    assert "oneDNN" not in errors


@pytest.mark.slow
def test_four_fits_at_once_have_four_folders(tiny: Path, tmp_path: Path) -> None:
    started = [start_kcnn(tmp_path, "fit", "tiny.yaml", "train.epochs=2", "--quiet")
               for _ in range(4)]  # fmt: skip
    for process in started:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    runs = [RunFolder(path) for path in (tmp_path / "outputs" / "tiny").iterdir()]
    assert len(runs) == 4
    assert {read_status(run) for run in runs} == {"finished"}
    assert len({run.predictions.read_bytes() for run in runs}) == 1
    names = [{path.name for path in run.path.iterdir()} for run in runs]
    assert {"model.keras", "log.txt", "plots"} <= names[0]
    assert names == 4 * [names[0]]


@pytest.mark.slow
def test_closing_the_terminal_stops_a_fit_in_good_order(tiny: Path) -> None:
    status, run = fit_in_a_terminal_that_is_closed(tiny.parent, 100_000, signal.SIG_DFL)
    assert status == 129
    assert read_status(run) == "interrupted"
    assert run.log.read_text(encoding="utf-8").splitlines()[-1].endswith(" stopped")


@pytest.mark.slow
def test_fit_that_ignores_sighup_outlasts_its_terminal(tiny: Path) -> None:
    status, run = fit_in_a_terminal_that_is_closed(tiny.parent, 30, signal.SIG_IGN)
    assert status == 1  # what it found could not be printed
    assert read_status(run) == "finished"
    assert len(read_metrics(run)) == 30
    assert run.log.read_text(encoding="utf-8").splitlines()[-1].endswith(" finished")


def fit_in_a_terminal_that_is_closed(
    folder: Path, epochs: int, hang_up: signal.Handlers
) -> tuple[int, RunFolder]:
    """Use a real terminal, to which the live display can no longer write after it is closed."""
    process, terminal = pty.fork()
    if process == 0:
        _hear_signals()
        signal.signal(signal.SIGHUP, hang_up)
        os.chdir(folder)
        os.execv(sys.executable, [sys.executable, "-m", "kcnn", "fit", "tiny.yaml",
                                  f"train.epochs={epochs}"])  # fmt: skip
    shown = b""
    while b"epoch2/" not in shown.replace(b" ", b""):
        shown += os.read(terminal, 4096)
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), RunFolder(folder / "outputs" / "tiny" / "run-001")
