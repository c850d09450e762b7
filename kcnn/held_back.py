"""Hold back what a library writes to standard error while it is imported.

Run as a program, this file is the process that keeps what was written. It must not import more than
it needs, since it starts beside every import of TensorFlow.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

# The last bytes that the keeper gets. Without either, the process ended in the middle.
_DROP = b"\0kcnn: imported\0"
_SHOW = b"\0kcnn: not imported\0"

_ENDED = """\
error: the process ended while TensorFlow was starting
hint: {}
"""
_WITH_WORDS = (
    "the lines above are TensorFlow's; look at the environment variables that they name, "
    "the processor and the GPU's libraries"
)
_WITHOUT_WORDS = (
    "it wrote nothing; was it killed, or does the processor lack instructions that TensorFlow "
    "was built for, such as AVX?"
)


@contextmanager
def held_back_standard_error() -> Iterator[None]:
    """Hold back what is written to file descriptor 2 in the body; print it if the body fails.

    C++ can end the process without raising anything in Python: a setting that TensorFlow does not
    know, a processor without AVX. Therefore another process keeps what was written, and prints it
    then. Where none can be started, nothing is held back.
    """
    with suppress(OSError, ValueError):  # a terminal that is gone
        sys.stderr.flush()
    from kcnn.signals import on_forced_end  # which the program that keeps does not need

    keeper = _start_keeper()
    if keeper is None:
        yield
        return
    assert keeper.stdin is not None
    pipe = keeper.stdin.fileno()

    def drop() -> None:
        os.write(pipe, _DROP)

    terminal = os.dup(2)
    last = _DROP
    try:
        os.dup2(pipe, 2)
        with on_forced_end(drop):  # the user asked for it: nothing is wrong
            yield
    except Exception:
        last = _SHOW
        raise
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        with suppress(OSError):  # the keeper was killed
            os.write(pipe, last)
        keeper.stdin.close()
        keeper.wait()  # what it prints comes before what we print


def _start_keeper() -> subprocess.Popen[bytes] | None:
    """Start this file as a program; None if there can be no further process."""
    import subprocess

    if not sys.executable:
        return None
    command = [sys.executable, "-I", "-S", __file__]
    nowhere = subprocess.DEVNULL  # else a pipe behind kcnn would stay open
    # In a group of its own: Ctrl-C is for this process alone.
    try:
        if sys.platform == "win32":
            group = subprocess.CREATE_NEW_PROCESS_GROUP
            return subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=nowhere, bufsize=0, creationflags=group
            )
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=nowhere, bufsize=0, start_new_session=True
        )
    except OSError:
        return None


def _keep() -> None:
    """Read standard input to its end; print it unless the process that wrote it went on."""
    kept = b""
    while not kept.endswith((_DROP, _SHOW)):
        try:
            read = os.read(0, 65536)
        except KeyboardInterrupt:
            continue
        kept += read
        # A fatal line is printed at once. At the end of the input the process is gone, and a shell
        # may already go on without what is printed now.
        fatal = _end_of_fatal_line(kept)
        if fatal or not read:
            # What follows such a line is a stack of imports.
            _print_end(kept[:fatal] if fatal else kept)
            while os.read(0, 65536):
                pass
            return
    if kept.endswith(_SHOW):
        _print(kept.removesuffix(_SHOW))


def _end_of_fatal_line(text: bytes) -> int:
    """Return where absl's or faulthandler's line ends that is a process's last; 0 without one."""
    end = 0
    for line in text.splitlines(keepends=True):
        end += len(line)
        by_absl = line[:1] == b"F" and line[1:5].isdigit() and line[5:6] == b" "
        if line.endswith(b"\n") and (by_absl or line.startswith(b"Fatal Python error: ")):
            return end
    return 0


def _print_end(written: bytes) -> None:
    hint = _WITH_WORDS if written.strip() else _WITHOUT_WORDS
    newline = b"" if not written or written.endswith(b"\n") else b"\n"
    _print(_cleared_line() + written + newline + _ENDED.format(hint).encode())


def _cleared_line() -> bytes:
    """Return what removes a terminal's spinner and shows its cursor again; nothing for a file."""
    return b"\r\x1b[2K\x1b[?25h" if os.isatty(2) else b""


def _print(text: bytes) -> None:
    with suppress(OSError):
        while text:
            text = text[os.write(2, text) :]


if __name__ == "__main__":
    _keep()
    os._exit(0)
