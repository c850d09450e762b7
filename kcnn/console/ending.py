"""How the process ends: by signals in good order, and at once."""

from __future__ import annotations

import atexit
import os
import signal
import stat
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

    heard = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    numbers = [one for one in heard if one and signal.getsignal(one) == signal.SIG_DFL]

    def stop(number: int, frame: object) -> None:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)  # or a second one would break the good order
        if number != signal.SIGTERM:
            _leave_closed_terminal()
        raise Stopped(number)

    for one in numbers:
        signal.signal(one, stop)


def _leave_closed_terminal() -> None:
    """Sends what is still written nowhere, because a closed terminal takes nothing any more."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (1, 2):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                os.dup2(nowhere, descriptor)


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
