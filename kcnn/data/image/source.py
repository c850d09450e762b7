"""The bytes of one image file: read within limits, never from a pipe or a device."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kcnn.data.cannot_read import cannot_read
from kcnn.errors import DataError

MAX_FILE_BYTES = 100_000_000  # bytes
EDGE = 64 * 1024  # bytes at the beginning and the end of a file that are enough to judge it
# O_NONBLOCK: to open a pipe would otherwise wait for its writer.
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


class Source:
    """A file of which the first bytes are in memory, and the others are read when needed.

    Args:
        size: Of the whole file, in bytes.
        head: Its first bytes; all of them if there is no `descriptor`.
        descriptor: Of the open file.
    """

    __slots__ = ("_tail", "descriptor", "head", "size")

    def __init__(self, size: int, head: bytes, descriptor: int | None = None) -> None:
        self.size = size
        self.head = head
        self.descriptor = descriptor
        self._tail: bytes | None = None

    def at(self, offset: int, count: int) -> bytes:
        """Return `count` bytes from `offset`, or those that there are."""
        if self.descriptor is None or offset + count <= len(self.head):
            return self.head[offset : offset + count]
        os.lseek(self.descriptor, offset, os.SEEK_SET)
        return read_bytes(self.descriptor, count)

    @property
    def tail(self) -> bytes:
        """Return its last 64 KiB."""
        if self._tail is None:
            self._tail = self.at(max(0, self.size - EDGE), EDGE)
        return self._tail

    def everything(self) -> bytes:
        """Return the whole file."""
        return self.head if self.descriptor is None else self.at(0, self.size)


@contextmanager
def opened(path: Path | str) -> Iterator[tuple[int, os.stat_result]]:
    """Open a file and look it up.

    Yields:
        The descriptor, and what the system knows of the file.

    Raises:
        DataError: It is missing, cannot be read, is no file, or has too many bytes.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        try:
            found = os.fstat(descriptor)
            _require_a_file(path, found)
            yield descriptor, found
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file", "was it moved, renamed or removed?") from None
    except PermissionError as error:
        if Path(path).is_dir():  # Windows opens no folder
            raise _no_file(path, "a folder") from None
        raise cannot_read(path, error) from None
    except OSError as error:
        raise cannot_read(path, error) from None


def _require_a_file(path: Path | str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _no_file(path, "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device")
    if found.st_size > MAX_FILE_BYTES:
        raise DataError(f"{path}: more than {MAX_FILE_BYTES:,} bytes", "make it smaller")


def _no_file(path: Path | str, kind: str) -> DataError:
    return DataError(f"{path}: is {kind}, expected an image file", "remove or rename it")


def read_file(path: Path | str) -> tuple[bytes, os.stat_result]:
    """Read a whole file.

    Returns:
        Its bytes, and what the system knows of it.

    Raises:
        DataError: As `opened`.
    """
    with opened(path) as (descriptor, found):
        return read_bytes(descriptor, found.st_size), found


def read_bytes(descriptor: int, count: int) -> bytes:
    """Read so many bytes from where an open file stands, or those that there are."""
    content = os.read(descriptor, count)
    if not content or len(content) == count:
        return content
    parts, left = [content], count - len(content)
    # The system may return fewer bytes than there are.
    while left and (content := os.read(descriptor, left)):
        parts.append(content)
        left -= len(content)
    return b"".join(parts)
