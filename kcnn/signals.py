"""Stop requests: the signals that ask the process to end, and where it does so.

A request is answered in one of three ways:

- Outside training, `Stopped` is raised wherever the main thread is.
- Inside `stops_deferred()`, it is raised at the next `stop_if_requested()`: between two training
  steps, never in the middle of Keras or TensorFlow.
- A second request more than a second later, or no end within `SECONDS_TO_STOP`, ends the process
  at once. A thread of its own does that, since Python runs signal handlers only when the main
  thread is back from C++.
"""

from __future__ import annotations

import atexit
import faulthandler
import os
import signal
import socket
import sys
import threading
import time
from _thread import interrupt_main, start_new_thread
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

# Windows has no SIGHUP.
ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

SECONDS_OF_ONE_PRESS = 1.0  # requests within this time count as one
SECONDS_UNTIL_REMINDED = 3.0
SECONDS_TO_STOP = 30.0  # a training step of a large model may take some
SECONDS_OF_GRACE = 5.0  # for Python's own way to end at once, which a thread may block
_SECONDS_UNTIL_REPEATED = 0.001
_SECONDS_BETWEEN_LOOKS = 0.1
_SIGNALLED = 128  # what a shell adds to the number of the signal that ended a program

# What the process sends to its own main thread. By default, nothing happens at SIGURG; on Windows,
# only Python itself hears of it.
if sys.platform == "win32":
    _WAKING = signal.SIGABRT
else:
    _WAKING = signal.SIGURG

_DEFAULT_HANDLERS = (signal.SIG_DFL, signal.default_int_handler)


class Stopped(KeyboardInterrupt):
    """A signal asks the process to end.

    Args:
        number: The signal; None for the one that was requested first.
    """

    def __init__(self, number: int | None = None) -> None:
        super().__init__()
        self.signal = signal.Signals(number or _requests.first or signal.SIGINT)

    @property
    def status(self) -> int:
        """The exit status that a shell expects."""
        return exit_status(self.signal)


class _Requests:
    """What was requested of this process, and who wants to know."""

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self.is_deferred = False
        self.is_lost = False  # whether Stopped was raised where Python drops it
        self.on_first: list[Callable[[signal.Signals], None]] = []
        self.on_forced_end: list[Callable[[], None]] = []

    def handle(self, number: int, frame: object) -> None:
        """Raise Stopped for the first signal, or note it where stops are deferred."""
        if self.first is not None:
            return
        self.first = signal.Signals(number)
        for listener in self.on_first:
            listener(self.first)
        if not self.is_deferred:
            raise Stopped

    def wake(self, number: int, frame: object) -> None:
        """Raise Stopped again where it was lost; else only interrupt what waits."""
        if self.is_lost and not self.is_deferred:
            self.is_lost = False
            raise Stopped


_requests = _Requests()


def exit_status(number: int) -> int:
    """Return the exit status of a process that a signal ended, as a shell counts it."""
    return _SIGNALLED + number


def watch_signals(
    on_first: Callable[[signal.Signals], None] = lambda number: None,
    on_slow: Callable[[signal.Signals], None] = lambda number: None,
    on_timeout: Callable[[signal.Signals], None] = lambda number: None,
) -> None:
    """Answer the signals that ask to end for the rest of the process.

    A signal that is ignored stays ignored: `nohup kcnn fit` outlives its terminal.

    Args:
        on_first: Called with the first signal, in the main thread.
        on_slow: Called in another thread when the process is still there after a few seconds.
        on_timeout: Called in another thread before the process ends for want of time.
    """
    _requests.on_first.append(on_first)
    for number in ENDING:
        if signal.getsignal(number) in _DEFAULT_HANDLERS:
            signal.signal(number, _requests.handle)
    signal.signal(_WAKING, _requests.wake)
    sys.unraisablehook = _notice_lost_stop
    receiver, sender = socket.socketpair()  # a pipe would do, but not on Windows
    sender.setblocking(False)
    signal.set_wakeup_fd(sender.detach(), warn_on_full_buffer=False)
    with signals_blocked(ENDING):  # in the new thread: a signal shall interrupt the main thread
        start_new_thread(_end_in_time, (receiver, on_slow, on_timeout))


@contextmanager
def signals_blocked(numbers: Iterable[int]) -> Iterator[None]:
    """Let threads and processes that are started meanwhile never receive some signals.

    Nothing is lost: this thread receives them at the end of the block. Windows cannot block any.
    """
    if sys.platform == "win32":
        yield
        return
    former = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


@contextmanager
def stops_deferred(on_request: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Raise Stopped only at `stop_if_requested()` and at the end of the block.

    Python's own handlers are replaced meanwhile, so this works in scripts and notebooks too. In
    other threads than the main one, which never receive signals, nothing changes.

    Args:
        on_request: Called in the main thread when a signal comes.

    Raises:
        Stopped: A signal came, and the block has ended.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def listener(number: signal.Signals) -> None:
        on_request()

    was_deferred, _requests.is_deferred = _requests.is_deferred, True
    _requests.on_first.append(listener)
    borrowed = [number for number in ENDING if signal.getsignal(number) in _DEFAULT_HANDLERS]
    former = {number: signal.signal(number, _requests.handle) for number in borrowed}
    try:
        yield
    finally:
        _requests.is_deferred = was_deferred
        _requests.on_first.remove(listener)
        for number, handler in former.items():
            signal.signal(number, handler)
        requested = _requests.first
        if requested in former:  # the process may go on, as a notebook does
            _requests.first = None
    if requested is not None and not was_deferred:
        raise Stopped(requested)


def stop_if_requested() -> None:
    """Raise Stopped if a signal has asked to end.

    Raises:
        Stopped: A signal came.
    """
    if _requests.first is not None:
        raise Stopped


@contextmanager
def stop_hides_errors() -> Iterator[None]:
    """Raise Stopped in place of an error that follows a signal.

    Where C++ calls Python, it turns the exception of a signal into another: a SystemError, or the
    TypeError of an argument that it could not look at.

    Raises:
        Stopped: A signal came, and then an error.
    """
    try:
        yield
    except Exception as error:
        if _requests.first is not None:
            raise Stopped from error
        raise


@contextmanager
def on_forced_end(action: Callable[[], None]) -> Iterator[None]:
    """Call a function if the process has to end at once inside the block.

    Args:
        action: Called in another thread; must not wait.
    """
    _requests.on_forced_end.append(action)
    try:
        yield
    finally:
        _requests.on_forced_end.remove(action)


def exit_at_once(status: int) -> None:
    """End the process without Python's own finalization.

    Python would take TensorFlow apart, which lasts a second, and stops threads wherever they need
    the interpreter: a thread of tf.data that reads images then never returns, and whoever waits
    for it waits forever. Exit functions still run.

    Args:
        status: The exit status.
    """
    _requests.is_deferred = True  # the status is chosen
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError, AttributeError):  # closed, gone, or never there
        sys.stdout.flush()
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    os._exit(status)


def _end_in_time(
    receiver: socket.socket,
    on_slow: Callable[[signal.Signals], None],
    on_timeout: Callable[[signal.Signals], None],
) -> None:
    """Follow the signals that arrive; end the process at the second one, or when time is up.

    Python answers no signal that comes between its last look and the call that waits, or that
    another thread received, so the main thread is interrupted until it has answered.
    """
    first = _next_request(receiver, None)
    assert first is not None
    began = time.monotonic()
    with suppress(Exception):  # standard error may be no file
        # Needs neither a thread nor Python: the last resort, which shows where every thread is.
        faulthandler.dump_traceback_later(SECONDS_TO_STOP + SECONDS_OF_GRACE, exit=True)
    is_reminded = False
    while (passed := time.monotonic() - began) < SECONDS_TO_STOP:
        if _requests.first is None:
            _wake_main()
        again = _next_request(receiver, _SECONDS_BETWEEN_LOOKS)
        if again is not None and time.monotonic() - began > SECONDS_OF_ONE_PRESS:
            _force_end(again)
        if passed >= SECONDS_UNTIL_REMINDED and not is_reminded:
            is_reminded = True
            with suppress(Exception):
                on_slow(first)
    with suppress(Exception):
        on_timeout(first)
    _force_end(first)


def _next_request(receiver: socket.socket, seconds: float | None) -> signal.Signals | None:
    """Return the next signal that asks to end; None when time is up.

    Args:
        receiver: Where Python writes the number of each signal it handles, a byte each.
        seconds: How long to wait; None for as long as it takes.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return None
        receiver.settimeout(left)
        try:
            number = receiver.recv(1)[0]
        except TimeoutError:
            return None
        if number in ENDING:
            return signal.Signals(number)


def _force_end(number: signal.Signals) -> None:
    for action in list(_requests.on_forced_end):
        with suppress(Exception):
            action()
    os._exit(exit_status(number))


def _notice_lost_stop(unraisable: Any) -> None:
    """Raise Stopped again where Python drops it: in the middle of clearing an object away."""
    if issubclass(unraisable.exc_type, Stopped):
        start_new_thread(_repeat, ())
    else:
        sys.__unraisablehook__(unraisable)


def _repeat() -> None:
    time.sleep(_SECONDS_UNTIL_REPEATED)
    _requests.is_lost = True
    _wake_main()


def _wake_main() -> None:
    """Interrupt what the main thread waits for, so that Python looks for signals."""
    main = threading.main_thread().ident
    if sys.platform == "win32" or main is None:
        interrupt_main(_WAKING)
    else:
        signal.pthread_kill(main, _WAKING)
