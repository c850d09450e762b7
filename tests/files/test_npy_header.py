"""Shapes of arrays, read from files without NumPy."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kcnn.files.npy_header import ObjectsError, read_shape


def shape_of(path: Path, content: bytes) -> tuple[int, ...]:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", content)
    with zipfile.ZipFile(path) as archive:
        return read_shape(archive, "x")


def npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version)
    return stream.getvalue()


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 4, 5), (2, 300, 1, 3)])
def test_shapes(tmp_path: Path, shape: tuple[int, ...], version: tuple[int, int]) -> None:
    for array in (np.zeros(shape, np.uint8), np.zeros(shape, ">f8", order="F")):
        assert shape_of(tmp_path / "x.npz", npy(array, version)) == shape


@pytest.mark.parametrize("dtype", [object, [("a", int), ("b", object)]])
def test_objects(tmp_path: Path, dtype: object) -> None:
    with pytest.raises(ObjectsError, match="x holds Python objects, which could run code"):
        shape_of(tmp_path / "x.npz", npy(np.zeros(3, dtype)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00\x04\x00[1, ",
        b"\x93NUMPY\x01\x00\x02\x00{}",
        b"\x93NUMPY\x01\x00\xff\xff" + b"[" * 65_535,
        b"\x93NUMPY\x02\x00\xff\xff\xff\x7f",
        b"\x93NUMPY\x01\x00\x22\x00{'descr': '|u1', 'shape': (1, -2)}",
        b"\x93NUMPY\x01\x00\x1d\x00{'descr': '|u1', 'shape': 12}",
    ],
)
def test_refuses_what_is_not_an_array(tmp_path: Path, content: bytes) -> None:
    with pytest.raises((ValueError, SyntaxError, KeyError)):
        shape_of(tmp_path / "x.npz", content)
