from __future__ import annotations

import io
import os
import resource
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kcnn.files import npz as module
from kcnn.files.npz import ArraysError, read_arrays


def header(shape: tuple[int, ...]) -> bytes:
    """Return the header of an array's file with this shape."""
    stream = io.BytesIO()
    about = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, about)
    return stream.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.npz"
    np.savez_compressed(path, images=np.arange(6).reshape(2, 3), names=np.array(["a", "b"]))
    return path


def test_all_arrays_or_some(file: Path) -> None:
    assert {name: array.tolist() for name, array in read_arrays(file).items()} == {
        "images": [[0, 1, 2], [3, 4, 5]], "names": ["a", "b"],
    }  # fmt: skip
    assert list(read_arrays(file, {"names", "missing"})) == ["names"]


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "pwned",)

    file = tmp_path / "evil.npz"
    np.savez(file, images=np.array([Touch()], dtype=object))
    with pytest.raises(ArraysError, match=r"^images holds Python objects, which could run code$"):
        read_arrays(file)
    assert not (tmp_path / "pwned").exists()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "bomb.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", header((200_000_000,)) + bytes(200_000_000))
    assert file.stat().st_size < 400_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ArraysError, match=r"^images\.npy is packed 100 times or more: a bomb\?$"):
        read_arrays(file)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_more_than_memory_holds_is_refused(file: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "free_memory", lambda: 100)
    with pytest.raises(ArraysError, match=r"^0 GB when unpacked, and 0 GB of memory are free$"):
        read_arrays(file)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(ArraysError, match="a pipe, a device or a folder"):
        read_arrays(tmp_path / "pipe.npz")


@pytest.mark.parametrize(
    "content",
    [
        header((10**6, 10**7)) + bytes(1000),  # its header claims more
        header((2**62, 8)),
        header((10,)) + bytes(9),
        b"\x93NUMPY\x01\x00\x08\x00{'a': 1}",
        b"\x93NUMPY\x01\x00\x04\x00((((",
        b"\x93NUMPY\x09\x09",
    ],
)
def test_an_array_that_contradicts_its_header(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "lie.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", content)
    with pytest.raises(ArraysError, match=r"^damaged; it has \d+ bytes$"):
        read_arrays(file)


def test_what_is_no_array(tmp_path: Path) -> None:
    file = tmp_path / "text.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("images", "some text")
    with pytest.raises(ArraysError, match=r"^images is not an array$"):
        read_arrays(file)


def test_what_is_no_archive(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    for damaged in (b"", b"text", content[:50], content[:-5], content[60:]):
        file.write_bytes(damaged)
        with pytest.raises(ArraysError, match=r"^damaged; it has"):
            read_arrays(file)
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "gone.npz")
