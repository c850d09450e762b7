"""Archives with hostile headers and counts."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.locate import StoredDataset
from kcnn.data.members import read_members
from kcnn.errors import DataError

CIFAR10 = replace(NAMED_DATASETS["cifar10"], train_count=50, test_count=10)
PACKED = next(
    layout for layout in CIFAR10.layouts if layout.format == "cifar_binary" and layout.archive
)


def header(name: str, kind: bytes, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)


def points_back() -> bytes:
    """Return a header with a negative size in tarfile's binary encoding."""
    block = bytearray(header("back", b"0", 0))
    block[124:136] = b"\xff" + (256**11 - 2048).to_bytes(11, "big")
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


END = header("last", b"0", 0) + bytes(10_240)
ARCHIVES = {
    "a header of a megabyte": header("x", b"x", 1 << 20) + b"1" * (1 << 20) + END,
    "a long name of a megabyte": header("x", b"L", 1 << 20) + b"a" * (1 << 20) + END,
    "headers that follow without end": (header("x", b"L", 512) + b"a" + bytes(511)) * 3000 + END,
    "numbers that are none": header("x", b"x", 512) + b"20 GNU.sparse.map=x\n".ljust(512, b"\0"),
    "a header that points back": END[:512] * 9 + points_back() + END,
}


@pytest.mark.parametrize("attack", ARCHIVES)
def test_refuses_hostile_headers_quickly_in_one_line(tmp_path: Path, attack: str) -> None:
    found = StoredDataset(CIFAR10, PACKED, tmp_path)
    found.path.write_bytes(gzip.compress(ARCHIVES[attack] + END, 1))
    started = time.process_time()
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz: damaged or cut off"):
        list(read_members(found, 61_440))
    assert time.process_time() - started < 4


class Eager(tarfile.ExFileObject):
    """A member with a read-ahead buffer, as in Python 3.14."""

    def __init__(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        super().__init__(archive, member)
        io.BufferedReader.__init__(self, self.raw, 128 * 1024)


def test_reads_members_that_tarfile_buffers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tarfile.TarFile, "fileobject", Eager)
    found = StoredDataset(CIFAR10, PACKED, tmp_path)
    with tarfile.open(found.path, "w:gz") as archive:
        for name in PACKED.members:
            member = tarfile.TarInfo(name)
            member.size = 300_000
            archive.addfile(member, io.BytesIO(bytes(300_000)))
    read = dict(read_members(found, 300_000))
    assert read == {name: bytes(300_000) for name in PACKED.members}


def test_error_does_not_contain_a_name_of_two_lines(tmp_path: Path) -> None:
    found = StoredDataset(CIFAR10, PACKED, tmp_path)
    member = header("a\nb/data_batch_1.bin", b"0", 70_000) + bytes(70_144)
    found.path.write_bytes(gzip.compress(member + END))
    with pytest.raises(DataError, match="70,000 bytes, expected no more") as caught:
        list(read_members(found, 61_440))
    assert "\n" not in caught.value.message
