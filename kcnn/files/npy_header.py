"""The arrays in an .npz file without NumPy: their headers, and the values of small ones."""

from __future__ import annotations

import ast
import math
import re
import zipfile
from collections import Counter
from typing import IO, Literal

_MAGIC = b"\x93NUMPY"
_MAX_HEADER_BYTES = 10_000  # as in NumPy, since Python parses it
_WHOLE = re.compile("([<>|=]?)([iu])([1248])")


class ObjectsError(ValueError):
    """An array of Python objects, which NumPy would unpickle."""


def read_shape(archive: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    """Read the shape of an array, as the format's specification describes it (NEP 1).

    Args:
        archive: An .npz file.
        name: The array's name.

    Raises:
        KeyError: There is no such array.
        ObjectsError: It holds Python objects.
        ValueError: It is no array, or its header is damaged.
        Exception: The archive is damaged, which raises nearly anything.
    """
    with archive.open(f"{name}.npy") as stream:
        return _read_header(stream, name)[0]


def count_whole_numbers(archive: zipfile.ZipFile, name: str, largest: int) -> dict[int, int] | None:
    """Count how often each whole number is in an array.

    Args:
        archive: An .npz file.
        name: The array's name.
        largest: Maximum number of bytes of the array.

    Returns:
        How often by number; None if they are not whole, or the array is larger.

    Raises:
        Exception: As `read_shape`.
    """
    with archive.open(f"{name}.npy") as stream:
        shape, kind = _read_header(stream, name)
        match = _WHOLE.fullmatch(kind)
        if match is None or math.prod(shape) * int(match[3]) > largest:
            return None
        order: Literal["little", "big"] = "big" if match[1] == ">" else "little"
        size, signed = int(match[3]), match[2] == "i"
        content = stream.read(math.prod(shape) * size)
    values = Counter(content[start : start + size] for start in range(0, len(content), size))
    return {int.from_bytes(value, order, signed=signed): count for value, count in values.items()}


def _read_header(stream: IO[bytes], name: str) -> tuple[tuple[int, ...], str]:
    """Return the shape of an array and the kind of its values, such as `<i8`."""
    magic, major = stream.read(len(_MAGIC)), stream.read(2)[:1]
    if magic != _MAGIC:
        raise ValueError(f"{name} is not an array")
    length = int.from_bytes(stream.read(2 if major == b"\x01" else 4), "little")
    if length > _MAX_HEADER_BYTES:
        raise ValueError(f"{name} has a header of {length:,} bytes")
    header = ast.literal_eval(stream.read(length).decode("utf-8").strip())
    if "O" in str(header["descr"]):
        raise ObjectsError(f"{name} holds Python objects, which could run code")
    shape = header["shape"]
    if not isinstance(shape, tuple) or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"{name} has no shape")
    return shape, str(header["descr"])
