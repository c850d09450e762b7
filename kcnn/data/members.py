"""Read a dataset's files, from a folder or out of a tar archive that is never unpacked."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

from kcnn.data.cannot_read import cannot_read
from kcnn.data.locate import StoredDataset
from kcnn.errors import DataError
from kcnn.text.numbers import count_text

_DAMAGE = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)
# Most that is read at a time, by us and by tarfile; a long name in a header has 4,096 at most.
PIECE_BYTES = 1 << 17
MAX_ARCHIVE_BYTES = 400_000_000  # bytes unpacked; the datasets have 190 million
MAX_MEMBERS = 1000


def read_members(stored: StoredDataset, largest: int) -> Iterator[tuple[str, bytes]]:
    """Read the data files of a dataset one by one, in the order in which they are stored.

    Args:
        stored: The dataset; its layout names the members and, perhaps, the archive.
        largest: Maximum number of bytes of a member.

    Yields:
        A member's name and its content.

    Raises:
        DataError: A member is missing or too long, or the archive is damaged or cut off.
    """
    layout = stored.layout
    wanted = set(layout.members)
    optional = {layout.class_names_member} if layout.class_names_member else set()
    if layout.archive is None:
        found = _read_folder(stored.folder, [*layout.members, *optional], largest)
    else:
        found = _read_archive(stored, wanted | optional, largest)
    for name, content in found:
        wanted.discard(name)
        yield name, content
    if wanted:
        raise DataError(
            f"{stored.path}: {', '.join(sorted(wanted))} missing in it",
            how_to_replace(stored),
        )


def how_to_replace(stored: StoredDataset) -> str:
    """Return a hint: how to replace damaged files."""
    return f"move it away and get the dataset again: kcnn data fetch {stored.named.name}"


def _read_folder(folder: Path, names: Collection[str], largest: int) -> Iterator[tuple[str, bytes]]:
    for name in names:
        path = folder / name
        if not path.is_file():
            continue
        _require_size(path, path.stat().st_size, largest)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise cannot_read(path, error) from None
        yield name, content


def _read_archive(
    stored: StoredDataset, names: Collection[str], largest: int
) -> Iterator[tuple[str, bytes]]:
    path = stored.path
    seen: set[str] = set()
    try:
        with (
            gzip.open(path) as whole,
            _Limited(whole, MAX_ARCHIVE_BYTES) as unzipped,
            tarfile.open(fileobj=unzipped, mode="r:") as archive,
        ):
            for count, member in enumerate(archive):
                if count > MAX_MEMBERS:
                    raise tarfile.TarError
                name = Path(member.name).name
                stream = archive.extractfile(member) if member.isreg() else None
                if stream is None or name not in names or name in seen:
                    continue
                _require_size(path / name, member.size, largest)
                seen.add(name)
                yield name, b"".join(iter(partial(stream.read, PIECE_BYTES), b""))
            # Read to the end, where gzip checks the whole archive.
            while unzipped.read(PIECE_BYTES):
                pass
    except _TooLargeError:
        raise DataError(
            f"{path}: more than {_bytes(MAX_ARCHIVE_BYTES)} when unpacked, more "
            "than any dataset has",
            how_to_replace(stored),
        ) from None
    # tarfile raises the first two for headers that are not numbers or that never end.
    except (ValueError, RecursionError, *_DAMAGE):
        raise DataError(
            f"{path}: damaged or cut off; it has {_bytes(path.stat().st_size)}"
            f"{_original_size(stored)}",
            how_to_replace(stored),
        ) from None
    except OSError as error:
        raise cannot_read(path, error) from None


class _TooLargeError(Exception):
    """An archive unpacks to more than the limit."""


class _Limited(io.RawIOBase):
    """A stream that raises if it is read beyond a limit, or backwards.

    Args:
        stream: The unpacked archive.
        max_bytes: The limit of every position and of every read.
    """

    def __init__(self, stream: gzip.GzipFile, max_bytes: int) -> None:
        self._stream = stream
        self._max_bytes = max_bytes

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes."""
        if not 0 <= size <= PIECE_BYTES:
            if self.tell() + size > self._max_bytes:
                raise _TooLargeError
            raise tarfile.ReadError(f"a header of {size} bytes")
        content = self._stream.read(size)
        if self.tell() > self._max_bytes:
            raise _TooLargeError
        return content

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Go forward to a position within the limit."""
        if position > self._max_bytes:
            raise _TooLargeError
        # For every header that points back, gzip would unpack everything before it again.
        if position < self.tell():
            raise tarfile.ReadError("a header points back")
        return self._stream.seek(position, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._stream.tell()


def _require_size(path: Path, size: int, largest: int) -> None:
    if size > largest:
        raise DataError(f"{path}: {_bytes(size)}, expected no more than {_bytes(largest)}")


def _original_size(stored: StoredDataset) -> str:
    sizes = {file.name: file.size for file in stored.named.downloads}
    size = sizes.get(stored.path.name)
    return "" if size is None else f", the original {_bytes(size)}"


def _bytes(count: int) -> str:
    return count_text(count, "byte")
