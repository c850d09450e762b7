"""How the process ends: by signals in good order, and at once."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

INTERRUPTED = 130  # what a shell reports for a program that Ctrl-C ended


class Stopped(KeyboardInterrupt):
    """Another signal than Ctrl-C's asks the process to end, which it does in the same way.

    Args:
        number: The signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.signal = signal.Signals(number)

    @property
    def exit_status(self) -> int:
        """What a shell reports for a program that the signal ended."""
        return 128 + self.signal


def hear_signals() -> None:
    """Ends the work in good order when the system asks for it, or the terminal is closed.

    What is ignored stays ignored: `nohup kcnn fit` outlasts its terminal.
    """

    def stop(number: int, frame: object) -> None:
        raise Stopped(number)

    for name in ("SIGTERM", "SIGHUP"):  # the second is unknown to Windows
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, stop)


@contextmanager
def prompt_exit() -> Iterator[None]:
    """Ends the process with the status that was chosen, and at once.

    Python by itself would take TensorFlow apart, which lasts a second, and would end by the signal
    where Ctrl-C came in the middle of its import. What has to be done at an exit is done.
    """
    try:
        yield
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        atexit._run_exitfuncs()
        with suppress(OSError, ValueError):  # nobody reads it any more
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(end.code)
