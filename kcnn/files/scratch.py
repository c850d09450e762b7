"""A temporary file of records that several threads read and write; it vanishes with its process."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path


class ScratchFile:
    """A file without a name, of records of one size.

    On Linux and macOS the file has no name from the beginning, on Windows the system removes it
    with its last handle. So nothing is left, even after `kill -9`.

    Args:
        folder: The folder on whose disk it is.
        size: Bytes of a record.

    Raises:
        OSError: It cannot be created.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._size = size
        self._lock = threading.Lock()

    def __del__(self) -> None:
        """Close the file when nobody reads it any more."""
        if hasattr(self, "_file"):
            self._file.close()

    def write(self, number: int, content: bytes | memoryview) -> None:
        """Write a record.

        Raises:
            OSError: The disk is full.
        """
        left, offset = memoryview(content).cast("B"), number * self._size
        while left:
            written = self._write_at(left, offset)
            left, offset = left[written:], offset + written

    def read_into(self, number: int, target: memoryview) -> None:
        """Read a record that was written.

        Raises:
            OSError: It cannot be read.
        """
        left, offset = target.cast("B"), number * self._size
        while left:
            count = self._read_at(left, offset)
            if not count:
                raise OSError(f"record {number} was not written")
            left, offset = left[count:], offset + count

    if sys.platform == "win32":

        def _write_at(self, content: memoryview, offset: int) -> int:
            with self._lock:
                self._file.seek(offset)
                return self._file.write(content) or 0

        def _read_at(self, target: memoryview, offset: int) -> int:
            with self._lock:
                self._file.seek(offset)
                content = self._file.read(len(target))
            target[: len(content)] = content
            return len(content)

    else:

        def _write_at(self, content: memoryview, offset: int) -> int:
            return os.pwrite(self._file.fileno(), content, offset)

        def _read_at(self, target: memoryview, offset: int) -> int:
            content = os.pread(self._file.fileno(), len(target), offset)
            target[: len(content)] = content
            return len(content)
