"""The standard streams, when they are closed, full, or a terminal that is gone."""

from __future__ import annotations

import codecs
import errno
import io
import json
import os
import stat
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

from kcnn.text.printable import printable

# Replacements for characters that a stream's encoding, such as cp1252 or ASCII, does not have.
_LOOK_ALIKES = {
    "×": "x",
    "−": "-",
    "–": "-",
    "—": "-",
    "‑": "-",
    "─": "-",
    "━": "-",
    "│": "|",
    "‖": "||",
    "…": "...",
    "·": "*",
    "•": "*",
    "→": "->",
    "←": "<-",
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "±": "+/-",
    "²": "^2",
    "√": "sqrt",
    "⌊": "floor(",
    "⌋": ")",
    "⌈": "ceil(",
    "⌉": ")",
    "β": "beta",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "\u00a0": " ",
    "\u202f": " ",
    # Frames of rich's spinner.
    **dict(zip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\|/-\\|/", strict=True)),
}
_LOOK_ALIKE_ERRORS = "kcnn-look-alikes"
# Python's own choices. Any other comes from PYTHONIOENCODING: the user's choice stays.
_DEFAULT_ERRORS = ("strict", "surrogateescape", "backslashreplace")


def echo(text: str) -> None:
    """Print what a command found on standard output."""
    import click  # not before signals are watched

    click.echo(printable(text))


def echo_error(text: str, heading: str = "") -> None:
    """Print a line on standard error, which may be closed.

    Args:
        text: The line.
        heading: A word before it, which may have a style.
    """
    import click

    with suppress(OSError):
        click.echo(f"{heading} {printable(text)}".lstrip(), err=True)


def open_closed_streams() -> None:
    """Open streams that a shell closed (`>&-`) on the null device.

    Otherwise the first file that is opened gets their descriptor, and TensorFlow writes into it
    what is meant for a terminal.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def replace_missing_characters() -> None:
    """Let standard output and error replace characters that their encoding does not have.

    Python would raise UnicodeEncodeError.
    Windows encodes redirected output as cp1252, a C locale as ASCII; kcnn prints `×`, `−`, `…`.
    """
    codecs.register_error(_LOOK_ALIKE_ERRORS, _look_alikes)
    for stream in (sys.stdout, sys.stderr):
        # A caller may have replaced a stream by one of another class.
        if isinstance(stream, io.TextIOWrapper) and stream.errors in _DEFAULT_ERRORS:
            stream.reconfigure(encoding=_usable(stream.encoding), errors=_LOOK_ALIKE_ERRORS)


def _usable(encoding: str) -> str:
    """Return an encoding that can replace characters; UTF-8 for one that cannot, such as idna."""
    try:
        "×".encode(encoding, _LOOK_ALIKE_ERRORS)
    except (UnicodeError, LookupError):
        return "utf-8"
    return encoding


def _look_alikes(error: UnicodeError) -> tuple[str, int]:
    """Replace each character that cannot be encoded by a look-alike, else by JSON's escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    replaced = (_LOOK_ALIKES.get(character) or json.dumps(character)[1:-1] for character in missing)
    return "".join(replaced), error.end


def discard_closed_terminal() -> None:
    """Discard what is still written to a terminal that was closed."""
    for descriptor in (1, 2):
        with suppress(OSError):
            if stat.S_ISCHR(os.fstat(descriptor).st_mode):
                _discard(descriptor)


def discard_output() -> None:
    """Discard buffered output. Python would try to print it at exit and fail again."""
    with suppress(OSError, ValueError):  # a captured output has no descriptor
        _discard(sys.stdout.fileno())


def is_full(error: OSError) -> bool:
    """Return whether an error means that a disk is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def is_of_gone_terminal(error: OSError) -> bool:
    """Return whether an error means that standard output was a terminal that is gone."""
    if error.errno != errno.EIO:
        return False
    return stat.S_ISCHR(os.fstat(1).st_mode) and not os.isatty(1)


def show_cursor() -> None:
    """Show a terminal's cursor again, which a progress bar has hidden."""
    with suppress(OSError):
        if os.isatty(2):
            os.write(2, b"\x1b[?25h\n")


def _discard(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def own_standard_error() -> TextIO:
    """Return a stream that writes to the current standard error, even while that is held back.

    A progress bar can therefore move while TensorFlow starts.
    """
    try:
        descriptor = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # replaced by a caller, or closed
        return sys.stderr
    encoding, errors = sys.stderr.encoding, sys.stderr.errors
    return os.fdopen(descriptor, "w", encoding=encoding, errors=errors)


def best_effort(stream: TextIO) -> TextIO:
    """Return a stream that ignores errors: a training must not end because its display is gone."""
    return cast(TextIO, _BestEffort(stream))


class _BestEffort:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write; ignore an error."""
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush; ignore an error."""
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
