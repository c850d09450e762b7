"""Arrays in .npz files, of which none runs code and none is larger than memory."""

from __future__ import annotations

import zipfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

from kcnn.machine.memory import free_memory

_LARGE = 64_000_000  # bytes of an array that may be packed as small as it can
_MOST_TIMES = 100  # real images, and even sparse ones, are packed less than so many times


class ArraysError(Exception):
    """A file that does not hold arrays, or none that may be read; says why in a few words."""


class NoRoomError(ArraysError):
    """A file that holds more than memory does, and may be whole."""


def read_arrays(path: Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Reads arrays from an .npz file; nothing in it is ever unpickled.

    Args:
        path: The file.
        names: Those to read, of those that are there; None for all.

    Raises:
        ArraysError: The file is damaged or holds something else.
        NoRoomError: It holds more than memory does.
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


def array_names(path: Path) -> list[str]:
    """Lists the arrays that an .npz file says it has; none where it is no such file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except (zipfile.BadZipFile, OSError):
        return []


def _require_memory(path: Path) -> None:
    """Refuses what would be unpacked to more than memory holds, a small file though it may be."""
    if not path.is_file() and path.exists():
        raise ArraysError("a pipe, a device or a folder")
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    for member in members:
        if member.file_size > max(_LARGE, _MOST_TIMES * member.compress_size):
            raise ArraysError(f"{member.filename} is packed {_MOST_TIMES} times or more: a bomb?")
    size = sum(member.file_size for member in members)
    free = free_memory()
    if free is not None and size > free:
        raise NoRoomError(
            f"{size / 1e9:,.0f} GB when unpacked, and {free / 1e9:,.0f} GB of memory are free"
        )
