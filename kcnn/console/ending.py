"""How the process ends: by signals in good order, and at once."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from kcnn.console.streams import leave_closed_terminal, say, show_cursor
from kcnn.signals import ENDING, SECONDS_OF_ONE_PRESS

_SIGNALLED = 128  # what a shell adds to the number of the signal that ended a program
_SECONDS_UNTIL_RAISED_AGAIN = 0.001


class Stopped(KeyboardInterrupt):
    """A signal asks the process to end.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)


def hear_signals() -> None:
    """Ends the work in good order at Ctrl-C, at the system's request, or with the terminal.

    The first signal raises Stopped; one that comes a second later or more does not wait for the
    good order any more. What is ignored stays ignored: `nohup kcnn fit` outlasts its terminal.
    """
    by_default = (signal.SIG_DFL, signal.default_int_handler)
    ear = _Ear()
    for one in ENDING:
        if signal.getsignal(one) in by_default:
            signal.signal(one, ear.hear)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, ear.raise_again)
        sys.unraisablehook = ear.notice_lost


class _Ear:
    """Hears signals, and sees to it that the first is not lost."""

    def __init__(self) -> None:
        self._first: signal.Signals | None = None
        self._heard = 0.0

    def hear(self, number: int, frame: object) -> None:
        """Raises Stopped for the first signal; a late one ends the process."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._heard = signal.Signals(number), now
            if number not in (signal.SIGINT, signal.SIGTERM):
                leave_closed_terminal()
            raise Stopped(number)
        if now - self._heard > SECONDS_OF_ONE_PRESS:
            show_cursor()
            os._exit(_SIGNALLED + number)

    def notice_lost(self, unraisable: Any) -> None:
        """Takes what Python drops: exceptions that come while it clears an object away."""
        if issubclass(unraisable.exc_type, Stopped):
            signal.setitimer(signal.ITIMER_REAL, _SECONDS_UNTIL_RAISED_AGAIN)
        else:
            sys.__unraisablehook__(unraisable)

    def raise_again(self, number: int, frame: object) -> None:
        """Raises the first signal's exception once more."""
        if self._first is not None:
            raise Stopped(self._first)


def tell_stopped(stopped: KeyboardInterrupt) -> int:
    """Says what stopped the work; gives the status to end with."""
    number = stopped.signal if isinstance(stopped, Stopped) else signal.SIGINT
    say(f"stopped by {'Ctrl-C' if number == signal.SIGINT else number.name}")
    return _SIGNALLED + number


@contextmanager
def prompt_exit() -> Iterator[None]:
    """Ends the process with the status that was chosen, and at once.

    Python by itself would take TensorFlow apart, which lasts a second, and would end by the signal
    where Ctrl-C came in the middle of its import. What has to be done at an exit is done.
    """
    try:
        yield
    except KeyboardInterrupt as stopped:  # before any command ran
        _end(tell_stopped(stopped))
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        _end(end.code)


def _end(status: int) -> None:
    atexit._run_exitfuncs()
    with suppress(OSError, ValueError):  # nobody reads it any more
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(status)
