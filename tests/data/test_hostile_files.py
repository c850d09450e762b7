"""Hostile files run nothing, write nothing and unpack only within limits."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kcnn.data import members as members_module
from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.idx import read_idx
from kcnn.data.locate import StoredDataset
from kcnn.data.members import read_members
from kcnn.errors import DataError

CIFAR10 = replace(NAMED_DATASETS["cifar10"], train_count=50, test_count=10)
PACKED = next(
    layout for layout in CIFAR10.layouts if layout.format == "cifar_binary" and layout.archive
)


PYTHON = """\
import sys
from pathlib import Path
from kcnn.data.idx import read_idx
from kcnn.errors import DataError
try:
    read_idx(Path(sys.argv[1]), 3)
except DataError as error:
    print(error.message)
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory of Linux")
@pytest.mark.slow
def test_does_not_unpack_a_gzip_bomb(tmp_path: Path) -> None:
    bomb = tmp_path / "images.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as stream:
        stream.write(bytes([0, 0, 8, 3]) + np.array([1000, 28, 28], ">u4").tobytes())
        for _ in range(20):
            stream.write(bytes(50_000_000))
    done = subprocess.run(
        [sys.executable, "-c", PYTHON, bomb], capture_output=True, text=True, check=True
    )
    message, peak = done.stdout.splitlines()
    assert message == f"{bomb}: 784,017 bytes or more, expected 784,016 for shape (1000, 28, 28)"
    assert int(peak) < 200_000  # kB
    bomb.write_bytes(bytes([0, 0, 8, 3]) + np.array([10**5, 999, 999], ">u4").tobytes())
    with pytest.raises(DataError, match="more than any dataset has"):
        read_idx(bomb, 3)


def archive(folder: Path, *added: tuple[tarfile.TarInfo, int]) -> StoredDataset:
    """Write a CIFAR archive with these members, each with a number of zero bytes."""
    found = StoredDataset(CIFAR10, PACKED, folder)
    with tarfile.open(found.path, "w:gz", compresslevel=1) as tar:
        for member, size in added:
            member.size = size
            tar.addfile(member, io.BytesIO(bytes(size)))
    return found


def link(name: str, kind: bytes, target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_skips_links_devices_and_paths_outside_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    first, second, third, fourth, *_ = PACKED.members
    found = archive(
        tmp_path,
        (link(first, tarfile.SYMTYPE, str(tmp_path / "secret")), 0),
        (link(second, tarfile.LNKTYPE, "/etc/passwd"), 0),
        (link(third, tarfile.CHRTYPE, ""), 0),
        (link(fourth, tarfile.FIFOTYPE, ""), 0),
        (tarfile.TarInfo("../../escaped.txt"), 10),
    )
    before = sorted(tmp_path.parent.rglob("*"))
    with pytest.raises(DataError, match=f"{first}, .*{fourth}.* missing in it"):
        list(read_members(found, 10**6))
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_refuses_an_archive_that_unpacks_to_too_much(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(members_module, "MAX_ARCHIVE_BYTES", 5_000_000)
    foreign = archive(tmp_path, (tarfile.TarInfo("foreign"), 9_000_000))
    with pytest.raises(DataError, match="more than 5,000,000 bytes when unpacked"):
        list(read_members(foreign, 10**6))
    long_name = tarfile.TarInfo("x")
    long_name.pax_headers = {"comment": "x" * 9_000_000}
    with pytest.raises(DataError, match="more than 5,000,000 bytes when unpacked"):
        list(read_members(archive(tmp_path, (long_name, 0)), 10**6))


def test_refuses_an_archive_of_too_many_members(tmp_path: Path) -> None:
    many = archive(tmp_path, *((tarfile.TarInfo(f"m{number}"), 0) for number in range(1100)))
    with pytest.raises(DataError, match="damaged or cut off"):
        list(read_members(many, 10**6))
