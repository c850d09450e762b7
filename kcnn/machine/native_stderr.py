"""Hold back what a library writes to standard error while it is imported or works.

Run as a program, this file is the process that keeps the text. It must import as little as it can,
because it starts at every import of TensorFlow.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess

# The last bytes that the keeper reads. Without either, the process ended in the body.
_DROP = b"\0kcnn: done\0"
_SHOW = b"\0kcnn: failed\0"

_ENDED = """\
error: the process ended while {}
fix: {}
"""
_STARTING = "TensorFlow was starting"
_HINT_WITH_OUTPUT = (
    "the lines above are TensorFlow's; check the environment variables that they name, the "
    "processor and the GPU's libraries"
)
_HINT_WITHOUT_OUTPUT = (
    "TensorFlow printed nothing; either the process was killed, or this processor lacks "
    "instructions that TensorFlow needs, such as AVX"
)
_HINT_OF_OTHERS_WITH_OUTPUT = "please report this with the lines above"
_HINT_OF_OTHERS_WITHOUT_OUTPUT = "the process was probably killed; was there enough memory?"


@contextmanager
def held_back_standard_error(during: str = _STARTING) -> Iterator[None]:
    """Hold back what is written to file descriptor 2 in the body; print it if the body fails.

    C++ can end the process without an exception in Python: because of a setting that TensorFlow
    does not know, or on a processor without AVX. Therefore another process, the keeper, keeps the
    text, and prints it then. If the keeper cannot be started, nothing is held back.

    Args:
        during: What happens in the body, such as `the model was being converted to LiteRT`, for the
            error if the process ends in it.
    """
    with suppress(OSError, ValueError):  # a terminal that is gone
        sys.stderr.flush()
    from kcnn.machine.signals import on_forced_end  # here, because the keeper does not need it

    keeper = _start_keeper(during)
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
        with on_forced_end(drop):  # the user asked for that end, so nothing is printed
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


def _start_keeper(during: str) -> subprocess.Popen[bytes] | None:
    """Start this file as a program; None if no process can be started."""
    import subprocess

    if not sys.executable:
        return None
    command = [sys.executable, "-I", "-S", __file__, during]
    nowhere = subprocess.DEVNULL  # else a pipe behind kcnn would stay open
    # In a process group of its own, so that Ctrl-C does not reach it.
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


def _keep(during: str) -> None:
    """Read standard input to its end; print it if the body failed or the process ended."""
    kept = b""
    while not kept.endswith((_DROP, _SHOW)):
        try:
            read = os.read(0, 65536)
        except KeyboardInterrupt:
            continue
        kept += read
        # A fatal line is printed at once. At the end of the input the process has ended, and the
        # shell may print its prompt before the text.
        fatal = _end_of_fatal_line(kept)
        if fatal or not read:
            # Only a stack of imports follows a fatal line; it is not printed.
            _print_end(kept[:fatal] if fatal else kept, during)
            while os.read(0, 65536):
                pass
            return
    if kept.endswith(_SHOW):
        _print(kept.removesuffix(_SHOW))


def _end_of_fatal_line(text: bytes) -> int:
    """Return the index after the first fatal line of absl or faulthandler; 0 if there is none."""
    end = 0
    for line in text.splitlines(keepends=True):
        end += len(line)
        by_absl = line[:1] == b"F" and line[1:5].isdigit() and line[5:6] == b" "
        if line.endswith(b"\n") and (by_absl or line.startswith(b"Fatal Python error: ")):
            return end
    return 0


def _print_end(written: bytes, during: str) -> None:
    if during == _STARTING:
        hint = _HINT_WITH_OUTPUT if written.strip() else _HINT_WITHOUT_OUTPUT
    else:
        hint = _HINT_OF_OTHERS_WITH_OUTPUT if written.strip() else _HINT_OF_OTHERS_WITHOUT_OUTPUT
    newline = b"" if not written or written.endswith(b"\n") else b"\n"
    _print(_cleared_line() + written + newline + _ENDED.format(during, hint).encode())


def _cleared_line() -> bytes:
    """Return the codes that clear a terminal's spinner and show its cursor; none for a file."""
    return b"\r\x1b[2K\x1b[?25h" if os.isatty(2) else b""


def _print(text: bytes) -> None:
    with suppress(OSError):
        while text:
            text = text[os.write(2, text) :]


if __name__ == "__main__":
    _keep(sys.argv[1])
    os._exit(0)
