"""Neither a kill nor a full disk loses a finished epoch."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kcnn.commands.fit import fit
from kcnn.commands.plot import plot_runs
from kcnn.commands.resume import resume
from kcnn.errors import RunError
from kcnn.progress import Progress
from kcnn.runs.folder import RunFolder
from kcnn.runs.summary import read_status

# Another state to go on from than the recipe's own.
WAY = (
    "train.lookahead={every: 5, decay: 0.95}", "train.learning_rate_multipliers={'*/bias': 8}",
    "train.optimizer={ConvolutionMuon: {learning_rate: 0.1}}", "train.epochs=6",
)  # fmt: skip


@pytest.mark.slow
def test_full_disk_of_any_size_loses_no_epoch(tiny: Path, assert_same, small_disk: Path) -> None:
    """Enlarge the disk a little each time, until the run finishes."""
    whole = fit(tiny, name="whole").run
    run = RunFolder(small_disk / "tiny" / "run-001")
    messages = set()
    for kilobytes in range(8, 2000, 24):
        options = f"remount,size={kilobytes}k"
        subprocess.run(["mount", "-o", options, str(small_disk)], check=True)
        try:
            if read_status(run) == "finished":  # there was no room for its plots
                plot_runs([str(run.path)], small_disk, "png", [], None, Progress())
            elif run.resolved.is_file():
                resume(str(run.path), output_dir=small_disk)
            else:
                shutil.rmtree(run.path, ignore_errors=True)
                fit(tiny, output_dir=small_disk)
            break
        except RunError as error:
            messages.add(error.message.removeprefix(f"{run.path}/"))
            needs = r"(it needs about [\d,]+ kB; )?"
            assert re.match(rf"{needs}[\d,]+ kB are free; make room", error.hint), error.hint
            if error.message.partition(":")[0].endswith((".npz", ".csv", ".json", "model.keras")):
                assert "it needs about" in error.hint or "filters.npz" in error.message
    assert_same(run, whole)
    assert len(messages) > 5, messages
    assert all(message.endswith("cannot be written: No space left on device")
               for message in messages)  # fmt: skip


# Kills itself at the n-th of the calls by which files become whole.
KILLED = """\
import os, pathlib, signal, sys
left = int(sys.argv.pop(1))
def counted(function):
    def call(*arguments, **named):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return call
os.fsync, pathlib.Path.replace = counted(os.fsync), counted(pathlib.Path.replace)
import numpy
numpy.savez = counted(numpy.savez)
from kcnn.__main__ import main
main()
"""


def kcnn(folder: Path, *arguments: str, kill_at: int = 0) -> subprocess.Popen[str]:
    start = ["-c", KILLED, str(kill_at)] if kill_at else ["-m", "kcnn"]
    return subprocess.Popen(
        [sys.executable, *start, "fit", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip


@pytest.mark.slow
def test_kill_9_at_any_moment_loses_no_finished_epoch(
    tiny: Path, assert_same, pytestconfig: pytest.Config
) -> None:
    """Kill half of the runs at a random time, and half while a file is replaced."""
    kills = pytestconfig.getoption("--kills")
    whole = fit(tiny, WAY, name="whole").run
    draw = random.Random(kills)
    run, count = RunFolder(tiny.parent / "outputs" / "tiny" / "killed"), 0
    while count < kills:
        shutil.rmtree(run.path, ignore_errors=True)
        arguments: tuple[str, ...] = ("tiny.yaml", *WAY, "--name", "killed")
        for _ in range(2):
            _killed(kcnn, tiny.parent, arguments, draw)
            count += 1
            if run.resolved.is_file():
                arguments = ("--resume", "tiny/killed")
            else:
                shutil.rmtree(run.path, ignore_errors=True)
            if read_status(run) == "finished":
                break
        if read_status(run) != "finished":
            last = kcnn(tiny.parent, *arguments)
            _, errors = last.communicate(timeout=120)
            assert last.returncode == 0, errors
        assert_same(run, whole)
        if any(run.plots.glob(".*")):  # it was killed while it drew
            plot_runs([str(run.path)], run.path.parents[1], "png", [], None, Progress())
        assert not list(run.path.rglob(".*.*")), "a temporary file is left"


def _killed(
    start: Callable[..., subprocess.Popen[str]],
    folder: Path,
    arguments: tuple[str, ...],
    draw: random.Random,
) -> None:
    """Run kcnn and kill it, unless it ends before."""
    if draw.random() < 0.5:
        process = start(folder, *arguments, kill_at=draw.randint(1, 60))
    else:
        process = start(folder, *arguments)
        time.sleep(draw.uniform(3, 12))
        process.send_signal(signal.SIGKILL)
    _, errors = process.communicate(timeout=120)
    assert process.returncode in (0, -signal.SIGKILL), errors
