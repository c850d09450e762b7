"""Report an unexpected error: a crash file, and one line that names the file."""

from __future__ import annotations

import platform
import re
import shlex
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from itertools import count
from pathlib import Path

from kcnn.console.streams import echo_error
from kcnn.errors import CrashError
from kcnn.text.printable import one_line, printable

CRASHED = 3  # the exit status
_MAX_REASON = 200


def report_crash(error: BaseException) -> str:
    """Write a crash file, and print one line about it.

    The file is written into the current folder, else into the one for temporary files. If neither
    can be written, the text goes to standard error.

    Args:
        error: The unexpected error.

    Returns:
        The line.
    """
    text = crash_text(error)
    reason = str(error) if isinstance(error, CrashError) else f"{type(error).__name__}: {error}"
    reason = one_line(reason, _MAX_REASON)
    path = _write(text)
    if path is None:
        echo_error(text.rstrip("\n"))
    where = "the lines above" if path is None else path
    message = f"a bug in kcnn ({reason}): please report it with {where}"
    echo_error(message, "error:")
    return message


def crash_text(error: BaseException) -> str:
    """Return what a bug report needs: versions, command line and traceback."""
    lines = [
        f"kcnn {_version('kcnn')}, Python {platform.python_version()}, {platform.platform()}",
        ", ".join(f"{name} {_version(name)}" for name in _requirements()),
        f"$ {shlex.join(['kcnn', *sys.argv[1:]])}",
        "",
        *traceback.format_exception(error),
    ]
    return printable("\n".join(line.rstrip("\n") for line in lines)) + "\n"


def _requirements() -> Iterator[str]:
    """List the packages that kcnn requires."""
    with suppress(metadata.PackageNotFoundError):
        for requirement in metadata.requires("kcnn") or ():
            name = re.match(r"[\w.-]+", requirement)
            if name and "extra ==" not in requirement:
                yield name[0]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _write(text: str) -> Path | None:
    """Write the crash file into the first folder that can be written; None if none can."""
    for folder in (Path.cwd, lambda: Path(tempfile.gettempdir())):
        with suppress(OSError):
            return _write_new(folder(), text)
    return None


def _write_new(folder: Path, text: str) -> Path:
    name = time.strftime("kcnn-crash-%Y%m%d-%H%M%S")
    for number in count(1):
        path = folder / f"{name}{'' if number == 1 else f'-{number}'}.txt"
        with suppress(FileExistsError):
            with path.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
            return path
    raise AssertionError  # count has no end
