"""How the process ends: by signals in good order, and at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from kcnn.console.streams import discard_closed_terminal, echo_error, show_cursor
from kcnn.machine.signals import (
    SECONDS_TO_STOP,
    Stopped,
    exit_at_once,
    on_forced_end,
    watch_signals,
)


@contextmanager
def orderly_end() -> Iterator[None]:
    """End the process in good order, and in time, at Ctrl-C, SIGTERM or a closed terminal.

    The process always ends by `exit_at_once`, with the exit status that was chosen.
    """
    try:
        watch_signals(_leave_terminal, _report_slow, _report_timeout)
        with on_forced_end(show_cursor):
            yield
    except KeyboardInterrupt as stopped:  # before any command ran
        exit_at_once(report_stop(stopped)[1])
    except SystemExit as end:
        if not isinstance(end.code, int):
            raise
        exit_at_once(end.code)
    except Exception as error:  # kcnn itself cannot be imported
        from kcnn.console.crash import CRASHED, report_crash

        report_crash(error)
        exit_at_once(CRASHED)


def report_stop(stopped: KeyboardInterrupt) -> tuple[str, int]:
    """Print what stopped the work.

    Args:
        stopped: The exception that ended it.

    Returns:
        The message and the exit status.
    """
    stop = stopped if isinstance(stopped, Stopped) else Stopped(signal.SIGINT)
    message = f"stopped by {_name(stop.signal)}"
    echo_error(message)
    return message, stop.status


def _name(number: signal.Signals) -> str:
    return "Ctrl-C" if number == signal.SIGINT else number.name


def _leave_terminal(number: signal.Signals) -> None:
    if number not in (signal.SIGINT, signal.SIGTERM):
        discard_closed_terminal()


def _report_slow(number: signal.Signals) -> None:
    _write("stopping; press Ctrl-C to stop at once")


def _report_timeout(number: signal.Signals) -> None:
    _write(
        f"stopped by {_name(number)}: ended at once, because it took more than "
        f"{SECONDS_TO_STOP:.0f} s; a run keeps its last checkpoint"
    )


def _write(line: str) -> None:
    """Write to standard error from any thread; sys.stderr may be locked by the main thread."""
    with suppress(OSError):
        os.write(2, f"{line}\n".encode())
