"""Read files of unknown origin within bounds, with errors that name the file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from kcnn.errors import RunError

MAX_JSON_BYTES = 4_000_000
MAX_TABLE_BYTES = 64_000_000
DAMAGED_HINT = "restore the file, or train the run again"


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


def read_limited(path: Path, limit: int) -> bytes:
    """Read a whole file of at most `limit` bytes.

    Raises:
        OSError: It is missing, or cannot be read.
        RunError: It is not a regular file, or longer.
    """
    with opened(path) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise RunError(f"{path}: longer than {limit:,} bytes", "is this a run of kcnn?")
    return content


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Raises:
        OSError: It is missing, or cannot be read.
        RunError: It is not a regular file.
    """
    digest = hashlib.sha256()
    with opened(path) as stream:
        while content := stream.read(2**20):
            digest.update(content)
    return digest.hexdigest()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file of a run folder.

    Raises:
        RunError: The file is missing or is not a JSON object.
    """
    try:
        value = json.loads(read_limited(path, MAX_JSON_BYTES))
    except FileNotFoundError:
        raise RunError(
            f"{path}: missing",
            "the run was stopped before it was written, or the file was removed: train it again",
        ) from None
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not JSON ({error})", DAMAGED_HINT) from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object, found a {type(value).__name__}")
    return value


@dataclass(frozen=True)
class Table:
    """A CSV file's cells, without its empty lines.

    Args:
        header: Names of the columns; empty for an empty file.
        rows: The cells of each row below, which may be more or fewer than the columns.
        lines: The number of each row's last line in the file, from 1.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[int]


def read_csv(path: Path, hint: str) -> Table:
    r"""Read a CSV file of a run folder, as kcnn writes it or as a spreadsheet saves it.

    A byte order mark is skipped; lines may end with `\n`, `\r\n` or `\r`.

    Args:
        path: The file.
        hint: Why it may be missing, or without rows.

    Raises:
        RunError: It is missing, cannot be read, is too long, not UTF-8, or not a table.
    """
    try:
        text = read_limited(path, MAX_TABLE_BYTES).decode("utf-8-sig")
    except FileNotFoundError:
        raise RunError(f"{path}: missing", hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RunError(f"{path}: cannot be read: {error}") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        numbered = [(reader.line_num, row) for row in reader if row]
    except csv.Error as error:
        raise RunError(f"{path}:{reader.line_num}: not a table: {error}", DAMAGED_HINT) from None
    if not numbered:
        return Table([], [], [])
    (_, header), *below = numbered
    return Table(header, [row for _, row in below], [line for line, _ in below])
