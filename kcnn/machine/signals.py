"""Stop requests: the signals that ask the process to end, and where the work then stops.

A request is handled in one of three ways:

- Outside training, `Stopped` is raised wherever the main thread is.
- Inside `stops_deferred()`, it is raised at the next `stop_if_requested()`: between two training
  steps, never in the middle of Keras or TensorFlow.
- A second request more than a second later, or no end within `SECONDS_TO_STOP`, ends the process
  at once. A separate thread does that, because Python runs signal handlers only when the main
  thread has returned from C++.
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
from typing import Any, NoReturn

# Windows has no SIGHUP.
ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)

SECONDS_OF_ONE_PRESS = 1.0  # requests within this time count as one
SECONDS_UNTIL_REMINDED = 3.0
SECONDS_TO_STOP = 30.0  # a training step of a large model may take some
SECONDS_OF_GRACE = 5.0  # then faulthandler ends the process, without Python
_SECONDS_UNTIL_REPEATED = 0.001
_SECONDS_BETWEEN_LOOKS = 0.1
_SIGNALLED = 128  # what a shell adds to the number of the signal that ended a program

# The signal that the process sends to its own main thread. SIGURG is ignored by default; on
# Windows, only Python itself receives the signal.
if sys.platform == "win32":
    _WAKING = signal.SIGABRT
else:
    _WAKING = signal.SIGURG

_DEFAULT_HANDLERS = (signal.SIG_DFL, signal.default_int_handler)


class Stopped(KeyboardInterrupt):
    """A signal asks the process to end.

    Args:
        number: The signal; None for the first one that arrived.
    """

    def __init__(self, number: int | None = None) -> None:
        super().__init__()
        self.signal = signal.Signals(number or _requests.first or signal.SIGINT)

    @property
    def status(self) -> int:
        """The exit status that a shell expects."""
        return exit_status(self.signal)


class _Requests:
    """The stop request of this process, and the functions to call when it comes."""

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self.is_deferred = False
        self.is_lost = False  # whether Python dropped a Stopped that was raised
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
        """Raise Stopped again if Python dropped it; else only interrupt a call that waits."""
        if self.is_lost and not self.is_deferred:
            self.is_lost = False
            raise Stopped


_requests = _Requests()


def exit_status(number: int) -> int:
    """Return the exit status that a shell reports for a process that a signal ended."""
    return _SIGNALLED + number


def watch_signals(
    on_first: Callable[[signal.Signals], None] = lambda number: None,
    on_slow: Callable[[signal.Signals], None] = lambda number: None,
    on_timeout: Callable[[signal.Signals], None] = lambda number: None,
) -> None:
    """Handle the signals that ask to end, from now until the process ends.

    A signal that is ignored stays ignored: `nohup kcnn fit` outlives its terminal.

    Args:
        on_first: Called with the first signal, in the main thread.
        on_slow: Called in another thread if the process has not ended after a few seconds.
        on_timeout: Called in another thread before the process is ended because time is up.
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
    with signals_blocked(ENDING):  # in the new thread: a signal must interrupt the main thread
        start_new_thread(_end_in_time, (receiver, on_slow, on_timeout))


@contextmanager
def signals_blocked(numbers: Iterable[int]) -> Iterator[None]:
    """Block signals in the threads and processes that are started inside the block.

    No signal is lost: this thread receives them at the end of the block. On Windows, which cannot
    block signals, nothing changes.
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

    Inside the block, Python's own handlers are replaced, so this works in scripts and notebooks
    too. In threads other than the main one, which receive no signals, nothing changes.

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
def stop_replaces_errors(keep: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Raise Stopped in place of an error that follows a signal.

    If a signal's exception is raised where C++ calls Python, C++ turns it into another: a
    SystemError, or a TypeError for an argument that it could not read.

    Args:
        keep: Exceptions that are no errors, and stay as they are.

    Raises:
        Stopped: A signal came, and then an error.
    """
    try:
        yield
    except keep:
        raise
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


def exit_at_once(status: int) -> NoReturn:
    """End the process without Python's own finalization.

    Python would destroy TensorFlow's objects, which takes a second. It would also stop each thread
    that needs the interpreter: a thread of tf.data that reads images then never returns, and a
    thread that waits for it waits forever. Exit functions still run.

    Args:
        status: The exit status.
    """
    _requests.is_deferred = True  # the status is chosen
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError, AttributeError):  # gone, closed, or None
        sys.stdout.flush()
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.flush()
    os._exit(status)


def _end_in_time(
    receiver: socket.socket,
    on_slow: Callable[[signal.Signals], None],
    on_timeout: Callable[[signal.Signals], None],
) -> None:
    """Watch the signals that arrive; end the process at the second one, or when time is up.

    A signal that arrives just before a call that waits, or in another thread, does not interrupt
    the main thread. Therefore the main thread is interrupted until it has handled the signal.
    """
    first = _next_request(receiver, None)
    assert first is not None
    began = time.monotonic()
    with suppress(Exception):  # standard error may be no file
        # The last resort: it needs no thread of Python, and prints where every thread is.
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
    """Return the next signal that asks to end; None if none comes in time.

    Args:
        receiver: The socket to which Python writes one byte a signal, the signal's number.
        seconds: How long to wait; None for no limit.
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
    """Raise Stopped again if Python drops it, as it does in a `__del__` method."""
    if issubclass(unraisable.exc_type, Stopped):
        start_new_thread(_repeat, ())
    else:
        sys.__unraisablehook__(unraisable)


def _repeat() -> None:
    time.sleep(_SECONDS_UNTIL_REPEATED)
    _requests.is_lost = True
    _wake_main()


def _wake_main() -> None:
    """Interrupt a call in which the main thread waits, so that Python handles signals."""
    main = threading.main_thread().ident
    if sys.platform == "win32" or main is None:
        interrupt_main(_WAKING)
    else:
        signal.pthread_kill(main, _WAKING)
