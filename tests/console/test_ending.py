"""How a process of kcnn ends: real processes, signals and streams that are closed or full."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# A program that handles signals as kcnn does.
PROGRAM = """\
import gc, os, signal, sys, time
from kcnn.console.ending import orderly_end

with orderly_end():
    {body}
"""


def start(body: str) -> subprocess.Popen[str]:
    """Start a program and wait until it prints that it is ready."""
    lines = "\n    ".join(body.splitlines())
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=lines)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_restore_signals,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _restore_signals() -> None:
    """Restore signals that pytest may ignore, in the background or without a terminal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def end_of(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        (signal.SIGINT, 130, "stopped by Ctrl-C\n"),
        (signal.SIGTERM, 143, "stopped by SIGTERM\n"),
        (signal.SIGHUP, 129, "stopped by SIGHUP\n"),
    ],
)
def test_a_signal_ends_a_program_before_any_command(
    number: signal.Signals, status: int, words: str
) -> None:
    process = start("print('ready', flush=True); time.sleep(60)")
    process.send_signal(number)
    assert end_of(process) == (status, words)


IN_GOOD_ORDER = """\
try:
    print("ready", flush=True)
    time.sleep(60)
finally:
    print("putting in order", flush=True)
    time.sleep({seconds})
    print("in order", file=sys.stderr)
"""


def test_a_second_ctrl_c_at_once_is_ignored() -> None:
    process = start(IN_GOOD_ORDER.format(seconds=0.5))
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert end_of(process) == (130, "in order\nstopped by Ctrl-C\n")


def test_a_later_ctrl_c_ends_at_once() -> None:
    process = start(IN_GOOD_ORDER.format(seconds=60))
    process.send_signal(signal.SIGTERM)
    time.sleep(1.2)
    pressed = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert end_of(process) == (130, "")
    assert time.monotonic() - pressed < 10


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_handles_a_signal_whose_exception_python_drops(number: signal.Signals) -> None:
    """Python drops an exception that is raised while it finalizes an object."""
    process = start(f"""\
class Asks:
    def __del__(self):
        signal.raise_signal({int(number)})
print("ready", flush=True)
Asks()
time.sleep(60)
""")
    status, errors = end_of(process)
    assert status == 128 + number
    assert errors.startswith("stopped by ")


def test_reports_other_exceptions_that_python_drops() -> None:
    process = start("""\
class Fails:
    def __del__(self):
        1 / 0
print("ready", flush=True)
Fails()
sys.exit(0)
""")
    status, errors = end_of(process)
    assert status == 0
    assert "ZeroDivisionError" in errors


def run_in_shell(command: str, folder: Path | None = None) -> tuple[int, str, str]:
    whole = f"{sys.executable} -m kcnn {command}"
    done = subprocess.run(whole, shell=True, capture_output=True, text=True, cwd=folder)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", ["--help", "--version", "recipes", "check digits"])
def test_runs_with_closed_streams(command: str) -> None:
    status, output, errors = run_in_shell(f"{command} <&- 2>&-")
    assert (status, errors) == (0, "")
    assert output
    assert run_in_shell(f"{command} >&-") == (0, "", "")
    assert run_in_shell("check nothing 2>&- >&-") == (1, "", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("command", ["--help", "--version", "recipes"])
def test_reports_a_full_disk_on_standard_output(command: str) -> None:
    message = "error: no room left to print, or for a temporary file\n"
    assert run_in_shell(f"{command} >/dev/full") == (1, "", message)
    assert run_in_shell(f"{command} >/dev/full 2>/dev/full") == (1, "", "")


@pytest.mark.parametrize("command", ["recipes", "--help", "check digits --json"])
def test_ignores_a_reader_that_goes_away(command: str) -> None:
    """Such as `kcnn recipes | head -1`."""
    assert run_in_shell(f"{command} | true")[2] == ""


@pytest.mark.slow
@pytest.mark.parametrize("display", ["2>/dev/full", "2>&1 | true", "2>&- >&-"])
def test_a_training_continues_when_nothing_can_be_printed(display: str, tmp_path: Path) -> None:
    settings = "train.epochs=2 model.layers='[Flatten, {Dense: {units: 10}}]'"
    run_in_shell(f"fit digits {settings} --output-dir . {display}", tmp_path)
    log = (tmp_path / "digits" / "run-001" / "log.txt").read_text(encoding="utf-8")
    assert log.endswith(" finished\n")
    assert any((tmp_path / "digits" / "run-001" / "plots").iterdir())


BUSY_IN_C = """\
import hashlib
print("ready", flush=True)
hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""


def start_in_c(before: str = "") -> subprocess.Popen[str]:
    """Start a program that is busy in C, where Python handles no signal."""
    process = start(before + BUSY_IN_C)
    time.sleep(0.2)
    return process


def test_prints_how_to_end_at_once_if_a_stop_takes_long() -> None:
    process = start_in_c()
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == "stopping; press Ctrl-C to stop at once\n"
    process.send_signal(signal.SIGINT)
    assert end_of(process) == (130, "")


def test_ends_a_process_that_does_not_stop() -> None:
    process = start_in_c("from kcnn.machine import signals\nsignals.SECONDS_TO_STOP = 0.5\n")
    process.send_signal(signal.SIGTERM)
    status, errors = end_of(process)
    assert status == 143
    assert errors.startswith("stopped by SIGTERM: ended at once, because it took more than ")
