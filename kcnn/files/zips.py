"""Zip archives whose list of members and whose members have a bounded size."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_DIRECTORY_BYTES = 2**17  # of a thousand members


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive, whose list of members `zipfile` would read at any length.

    Args:
        path: The archive.

    Raises:
        zipfile.BadZipFile: It is no zip archive, or damaged.
        ValueError: It has too many members.
        OSError: It cannot be read.
    """
    with _BoundedDirectory(path) as file, zipfile.ZipFile(file) as archive:
        yield archive


def read_member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Read a member; never unpack more than `largest` bytes (a zip bomb).

    Args:
        archive: The archive, from `open_zip`.
        name: The member's name.
        largest: Maximum number of bytes when unpacked.

    Raises:
        KeyError: There is no such member.
        ValueError: It unpacks to more.
        zipfile.BadZipFile: It is damaged.
    """
    size = archive.getinfo(name).file_size  # zipfile never unpacks more than this
    if size > largest:
        raise ValueError(f"{name} unpacks to {size:,} bytes, expected at most {largest:,}")
    return archive.read(name)


class _BoundedDirectory(io.FileIO):
    """A file of which `zipfile` cannot read a long list of members."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES and self._lists_members():
            raise ValueError("it holds thousands of files")
        return super().read(size) or b""

    def _lists_members(self) -> bool:
        start = self.tell()
        signature = super().read(4)
        self.seek(start)
        return signature == b"PK\x01\x02"
