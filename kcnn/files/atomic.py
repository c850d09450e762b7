"""Files written whole or not at all, and read with a message that names the file."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from kcnn.errors import RunError

LARGEST_JSON = 4_000_000
LARGEST_TABLE = 64_000_000

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

# As `atomic` names what it has not finished, and nobody else names a file.
_TEMPORARY = re.compile(r"\..+\.kcnn-(\d+)(\.[a-z]+)?")


def require_writable(output_dir: Path) -> None:
    """Makes sure that a folder can be written or made; leaves nothing behind.

    Raises:
        RunError: The folder, or the nearest one above it that exists, cannot be written.
    """
    with writing(output_dir):
        existing = output_dir.absolute()
        while not existing.exists():
            existing = existing.parent
        if not existing.is_dir():
            raise RunError(f"{existing}: is a file, not a folder", "choose another folder")
        with tempfile.TemporaryFile(dir=existing):
            pass


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file that someone else may have put there; refuse a pipe or a device.

    Raises:
        OSError: It is missing, or cannot be read.
        RunError: It is not a regular file.
    """
    # O_NONBLOCK: a pipe that nobody writes into would block. O_BINARY: Windows would translate
    # line ends and stop at a Ctrl-Z byte. Neither is defined everywhere.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise RunError(f"{path}: expected a file, found a pipe or a device", "remove it")
        yield stream


def read_limited(path: Path, most_bytes: int) -> bytes:
    """Reads a file that someone else may have put there, which may have no end.

    Raises:
        OSError: It is missing, or cannot be read.
        RunError: It is no file, or longer.
    """
    with opened(path) as stream:
        content = stream.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise RunError(f"{path}: longer than {most_bytes:,} bytes", "is this a run of kcnn?")
    return content


def read_table(path: Path) -> io.StringIO:
    r"""Read the text of a CSV file, as kcnn writes it or as a spreadsheet saves it.

    Returns:
        The text without a byte order mark; its lines may end with `\n`, `\r\n` or `\r`.

    Raises:
        OSError: It is missing, or cannot be read.
        UnicodeDecodeError: It is not UTF-8.
        RunError: It is not a regular file, or too long.
    """
    text = read_limited(path, LARGEST_TABLE).decode("utf-8-sig")
    return io.StringIO(text, newline="")


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object of a run folder.

    Raises:
        RunError: The file is missing or is not a JSON object.
    """
    try:
        value = json.loads(read_limited(path, LARGEST_JSON))
    except FileNotFoundError:
        raise RunError(
            f"{path}: missing",
            "the run was stopped before it was written, or the file was removed: train it again",
        ) from None
    except (ValueError, RecursionError) as error:
        raise RunError(
            f"{path}: not JSON ({error})", "restore it, or train the run again"
        ) from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object, found a {type(value).__name__}")
    return value


def require_new(path: Path, hint: str) -> None:
    """Refuses to overwrite a path that the user named.

    Args:
        path: The path.
        hint: What to do where it is taken.

    Raises:
        RunError: It already exists, or the folder above it cannot be read.
    """
    with writing(path):
        if path.exists():
            raise RunError(f"{path}: already exists", hint)


def write_text(path: Path, text: str) -> None:
    """Writes a text file whole or not at all; line ends stay as they are.

    What Unicode lacks, as in names of files that are not UTF-8, is written as JSON escapes it.

    Raises:
        RunError: The place cannot be written, or the disk is full.
    """
    content = text.encode("utf-8", errors="backslashreplace")
    with atomic(path, len(content)) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a JSON object whole or not at all.

    Raises:
        RunError: The place cannot be written, or the disk is full.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a table whole or not at all: comma-separated, LF at the end of each line.

    Raises:
        RunError: The place cannot be written, or the disk is full.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())


@contextmanager
def atomic(path: Path, size: int | None = None) -> Iterator[Path]:
    """Lets a file or folder be written beside its place and renamed into it when whole.

    Args:
        path: Where it shall stand; the folder above it is made when missing.
        size: About how many bytes it will have, to be told when there is no room for them.

    Yields:
        A temporary path in the same folder, with the same suffix, that does not exist yet.

    Raises:
        RunError: The place cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{path.stem}.kcnn-{os.getpid()}{path.suffix}")
    try:
        with writing(path, size):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _flush(temporary)
            _put(temporary, path)
            _flush_folder(path.parent)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _put(temporary: Path, path: Path) -> None:
    """Renames what was written into its place; a folder that stood there is removed last."""
    if not (temporary.is_dir() and path.is_dir()):
        temporary.replace(path)
        return
    former = temporary.with_name(f"{temporary.name}.former")
    path.replace(former)
    try:
        temporary.replace(path)
    except BaseException:
        former.replace(path)
        raise
    shutil.rmtree(former, ignore_errors=True)


@contextmanager
def writing(path: Path, size: int | None = None) -> Iterator[None]:
    """Turns the operating system's refusals to write into a RunError that names the path.

    Args:
        path: What is written.
        size: About how many bytes it needs, where that is known.
    """
    try:
        yield
    except OSError as error:
        hint = "make room or choose another folder"
        if error.errno in _NO_ROOM:
            hint = "; ".join([*_room(path, size, error.errno), hint])
        raise RunError(f"{path}: cannot be written: {error.strerror or error}", hint) from None


def _room(path: Path, size: int | None, number: int | None) -> Iterator[str]:
    """Says how much room is needed, and how much a full disk has; a quota's is not known."""
    if size is not None:
        yield f"it needs about {_kilobytes(size)}"
    if number == errno.ENOSPC:
        there = path.absolute().parent
        while not there.exists():
            there = there.parent
        yield f"{_kilobytes(shutil.disk_usage(there).free)} are free"


def _kilobytes(size: int) -> str:
    return f"{-(-size // 1000):,} kB"


def remove_leftovers(folder: Path) -> None:
    """Removes temporary files that killed processes left."""
    for path in folder.glob(".*.*"):
        match = _TEMPORARY.fullmatch(path.name)
        if match is None or _is_alive(int(match[1])):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()


def _is_alive(process: int) -> bool:
    """Return whether the process with this ID may still be writing."""
    if sys.platform == "win32":  # there, os.kill would end it
        import psutil

        return psutil.pid_exists(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's, or no number of a process
        return True
    return True


def _flush_folder(path: Path) -> None:
    """Lets a new name outlast a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _flush(path: Path) -> None:
    if path.is_file():
        with path.open("r+b") as stream:  # Windows flushes only files that are open for writing
            os.fsync(stream.fileno())
