"""Stop requests in real processes: each program is in a state in which it may get stuck."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from kcnn.machine.signals import (
    Stopped,
    exit_status,
    signals_blocked,
    stop_if_requested,
    stop_replaces_errors,
    stops_deferred,
)

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")

PROGRAM = """\
import hashlib, os, sys, time
from kcnn.machine import signals
from kcnn.machine.signals import *
signals.SECONDS_TO_STOP, signals.SECONDS_UNTIL_REMINDED, signals.SECONDS_OF_GRACE = {seconds}
def report(word):
    return lambda number: os.write(1, f"{{word}} {{number.name}}\\n".encode())
watch_signals(report("first"), report("slow"), report("timeout"))
print("ready", flush=True)
{body}
"""

# In C, where Python runs no signal handler, with the interpreter free for other threads.
IN_C = 'hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)'
# In C, and no other thread can run Python.
IN_C_ALONE = "sum(range(10**12))"


def start(body: str, seconds: tuple[float, float, float] = (30, 3, 5)) -> subprocess.Popen[str]:
    """Start a program and wait until it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(body=body, seconds=seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)  # until it has reached the state to test
    return process


def end_of(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    with process:
        assert process.stdout is not None and process.stderr is not None
        output, errors = process.stdout.read(), process.stderr.read()  # both are short
    return process.returncode, output, errors


@POSIX
def test_a_second_signal_ends_a_process_that_is_in_c() -> None:
    process = start(IN_C)
    process.send_signal(signal.SIGINT)
    time.sleep(1.2)
    process.send_signal(signal.SIGTERM)
    assert end_of(process) == (143, "", "")


@POSIX
def test_a_process_that_does_not_end_is_ended() -> None:
    process = start(IN_C, (1.0, 0.5, 5))
    process.send_signal(signal.SIGTERM)
    assert end_of(process) == (143, "slow SIGTERM\ntimeout SIGTERM\n", "")


@POSIX
def test_a_process_that_cannot_end_prints_its_threads() -> None:
    body = f"try: time.sleep(60)\nexcept Stopped: time.sleep(0.2); {IN_C_ALONE}"
    process = start(body, (0.5, 0.4, 0.3))
    process.send_signal(signal.SIGTERM)
    status, output, errors = end_of(process)
    assert (status, output) == (1, "first SIGTERM\n")
    assert "most recent call first" in errors


@POSIX
def test_a_signal_that_another_thread_receives_interrupts_the_main_thread() -> None:
    body = """\
import signal, threading
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
try:
    time.sleep(60)
except Stopped:
    os._exit(9)
"""
    process = start(body, (5, 4, 1))
    process.send_signal(signal.SIGTERM)
    assert end_of(process) == (9, "first SIGTERM\n", "")


@POSIX
def test_actions_run_before_a_forced_end() -> None:
    action = 'lambda: os.write(1, b"killed\\n")'
    process = start(f"with on_forced_end({action}): {IN_C}", (0.5, 0.4, 5))
    process.send_signal(signal.SIGINT)
    assert end_of(process) == (130, "slow SIGINT\ntimeout SIGINT\nkilled\n", "")


@POSIX
def test_signals_that_are_ignored_stay_ignored() -> None:
    process = start("os.kill(os.getpid(), 2); print('still here')")
    assert end_of(process)[1] == "first SIGINT\n"
    ignored = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(seconds=(1, 1, 1), body="os.kill(os.getpid(), 2)")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert (ignored.returncode, ignored.stdout) == (0, "ready\n")


def test_a_stop_waits_for_the_next_point() -> None:
    """Also in a script or a notebook, which watches no signals and continues afterwards."""
    passed, requested = [], []
    with pytest.raises(Stopped) as caught, stops_deferred(lambda: requested.append("now")):
        stop_if_requested()
        signal.raise_signal(signal.SIGINT)
        passed.append("in the middle of a step")
        stop_if_requested()
        passed.append("the next step")
    assert passed == ["in the middle of a step"]
    assert requested == ["now"]
    assert caught.value.signal == signal.SIGINT
    assert caught.value.status == exit_status(signal.SIGINT) == 130
    stop_if_requested()  # the request was reset


def test_a_stop_comes_at_the_end_of_the_block() -> None:
    with pytest.raises(Stopped), stops_deferred():
        signal.raise_signal(signal.SIGINT)


def test_inner_blocks_leave_the_stop_to_the_outer() -> None:
    passed = []
    with pytest.raises(Stopped), stops_deferred():
        with stops_deferred():
            signal.raise_signal(signal.SIGINT)
        passed.append("after the inner block")
    assert passed


def test_an_error_of_the_block_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), stops_deferred():
        signal.raise_signal(signal.SIGINT)
        _ = 1 / 0
    stop_if_requested()


def test_an_error_that_a_stop_has_caused_is_a_stop() -> None:
    """C++ turns the exception of a signal into another."""
    with pytest.raises(Stopped) as caught, stops_deferred(), stop_replaces_errors():
        signal.raise_signal(signal.SIGINT)
        raise SystemError("returned a result with an exception set")
    assert isinstance(caught.value.__cause__, SystemError)
    with pytest.raises(ZeroDivisionError), stop_replaces_errors():
        _ = 1 / 0


@POSIX
def test_a_process_started_while_signals_are_blocked_receives_none() -> None:
    code = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with signals_blocked([signal.SIGINT]):
        inside = subprocess.check_output([sys.executable, "-c", code], text=True)
    outside = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert (inside, outside) == ("True\n", "False\n")
