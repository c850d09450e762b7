"""The headers of the arrays in an .npz file, read without NumPy and without the arrays."""

from __future__ import annotations

import ast
import zipfile

_MAGIC = b"\x93NUMPY"
_MAX_HEADER_BYTES = 10_000  # as in NumPy, since Python parses it


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
    return shape
