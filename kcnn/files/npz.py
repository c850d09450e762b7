"""Read arrays from .npz files: none can run code, and none is larger than memory."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

from kcnn.machine.memory import free_memory

_ANY_RATIO_BYTES = 64_000_000  # up to here, an array may be compressed as far as it can
_MAX_RATIO = 100  # of compression; real images stay below, even sparse ones


class ArraysError(Exception):
    """A file does not hold arrays that may be read; the text is the reason."""


class NoRoomError(ArraysError):
    """A file needs more memory than is free; it may be undamaged."""


def read_arrays(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Read arrays from an .npz file; nothing in it is unpickled.

    Args:
        path: The file.
        names: Arrays to read, if they are there; None for all.

    Raises:
        ArraysError: The file is damaged or holds something else.
        NoRoomError: It needs more memory than is free.
        OSError: It cannot be opened.
    """
    arrays: dict[str, np.ndarray] = {}
    name = ""
    try:
        _require_memory(path)
        with np.load(path, allow_pickle=False) as archive:
            for name in archive.files:
                if names is None or name in names:
                    arrays[name] = archive[name]
    except (ArraysError, OSError):
        raise
    # A damaged archive raises nearly anything.
    except Exception as error:
        if "Object arrays" in str(error):
            raise ArraysError(f"{name} holds Python objects, which could run code") from None
        raise ArraysError(f"damaged; it has {path.stat().st_size:,} bytes") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ArraysError(f"{name} is not an array")
    return arrays


def _require_memory(path: Path) -> None:
    """Raise if the archive would unpack to more than the free memory (a zip bomb)."""
    if not path.is_file() and path.exists():
        raise ArraysError("a pipe, a device or a folder")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    for member in members:
        if member.file_size > max(_ANY_RATIO_BYTES, _MAX_RATIO * member.compress_size):
            raise ArraysError(f"{member.filename} is packed {_MAX_RATIO} times or more: a bomb?")
    size = sum(member.file_size for member in members)
    free = free_memory()
    if free is not None and size > free:
        raise NoRoomError(
            f"{size / 1e9:,.0f} GB when unpacked, and {free / 1e9:,.0f} GB of memory are free"
        )
