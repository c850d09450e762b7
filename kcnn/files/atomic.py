"""Write files and folders whole or not at all, with errors that name the path."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Any

from kcnn.errors import RunError

FULL = (errno.ENOSPC, errno.EDQUOT)  # of the disk, or of a user's part of it

# The names that `atomic` gives to unfinished files, and that nobody else uses.
_TEMPORARY = re.compile(r"\..+\.kcnn-(\d+)(\.[a-z]+)?")


def full_disk(message: str) -> OSError | None:
    """Return the error of a full disk if a library's message has its words; None otherwise."""
    for number in FULL:
        if os.strerror(number) in message:
            return OSError(number, os.strerror(number))
    return None


def require_writable(output_dir: Path) -> None:
    """Check that a folder can be written or made; leave nothing behind.

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


def require_new(path: Path, hint: str) -> None:
    """Check that a path that the user named is still free.

    Args:
        path: The path.
        hint: What to do when it is not.

    Raises:
        RunError: It already exists, or the folder above it cannot be read.
    """
    with writing(path):
        if path.exists():
            raise RunError(f"{path}: already exists", hint)


@contextmanager
def removed_if_empty(folder: Path) -> Iterator[None]:
    """Remove a folder that the body makes, and those above it, if nothing is left in them."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        yield
    finally:
        with suppress(OSError):  # the first that is not empty, or was not made
            for path in missing:
                path.rmdir()


def encoded(text: str) -> bytes:
    """Return a text as kcnn writes it: UTF-8.

    Surrogates, as in names of files that are not UTF-8, become what JSON escapes them as.
    """
    return text.encode("utf-8", errors="backslashreplace")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all, as `encoded` returns it; line ends stay as they are.

    Raises:
        RunError: The path cannot be written, or the disk is full.
    """
    content = encoded(text)
    with atomic(path, len(content)) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON object whole or not at all.

    Raises:
        RunError: The path cannot be written, or the disk is full.
    """
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file whole or not at all: commas, and LF at the end of each line.

    Args:
        path: The file.
        columns: The names in its first line.
        rows: One value a column, in their order.

    Raises:
        RunError: The path cannot be written, or the disk is full.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    write_text(path, text.getvalue())


@contextmanager
def atomic(path: Path, size: int | None = None) -> Iterator[Path]:
    """Yield a temporary path to write a file or folder to; rename it to `path` when it is whole.

    Args:
        path: The final path; the folder above it is made when missing.
        size: About how many bytes it will have, for the message of a full disk.

    Yields:
        A temporary path in the same folder, with the same suffix, that does not exist yet.

    Raises:
        RunError: The path cannot be written, or the disk is full.
    """
    temporary = path.with_name(f".{path.stem}.kcnn-{os.getpid()}{path.suffix}")
    try:
        with writing(path, size):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _flush(temporary)
            _replace(temporary, path)
            _flush_folder(path.parent)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _replace(temporary: Path, path: Path) -> None:
    """Rename what was written to its final path; remove a folder of that name last."""
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
    if former.is_symlink():  # which `rmtree` refuses; what it points to is not ours
        former.unlink()
    else:
        shutil.rmtree(former, ignore_errors=True)


@contextmanager
def writing(path: Path, size: int | None = None) -> Iterator[None]:
    """Raise a RunError that names the path where the operating system refuses to write.

    Args:
        path: What is written.
        size: About how many bytes it needs, if known.
    """
    try:
        yield
    except OSError as error:
        hint = "make room or choose another folder"
        if error.errno in FULL:
            hint = "; ".join([*_space(path, size, error.errno), hint])
        raise RunError(f"{path}: cannot be written: {error.strerror or error}", hint) from None


def _space(path: Path, size: int | None, number: int | None) -> Iterator[str]:
    """Yield how much space is needed, and how much a full disk has (a quota's is not known)."""
    if size is not None:
        yield f"it needs about {_kilobytes(size)}"
    if number == errno.ENOSPC:
        existing = path.absolute().parent
        while not existing.exists():
            existing = existing.parent
        yield f"{_kilobytes(shutil.disk_usage(existing).free)} are free"


def _kilobytes(size: int) -> str:
    return f"{-(-size // 1000):,} kB"


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files and folders that killed processes left."""
    _remove_if_left(folder.glob(".*.*"))


def remove_leftovers_of(path: Path) -> None:
    """Remove what killed processes left of one file or folder that they were writing.

    Not for files that processes on other computers may write at the same time.
    """
    parts = path.parent.glob(f".{escape(path.stem)}.kcnn-*{escape(path.suffix)}")
    # A former folder may be the last that is whole.
    _remove_if_left(part for part in parts if part.suffix != ".former")


def _remove_if_left(paths: Iterable[Path]) -> None:
    """Remove those paths that have names as `atomic` makes them, by processes that ended."""
    for path in paths:
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
    """Flush a folder, so that a new name outlasts a power cut, where the system can."""
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
