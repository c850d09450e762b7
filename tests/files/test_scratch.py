from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kcnn.files.scratch import ScratchFile


def read(scratch: ScratchFile, number: int, size: int) -> bytes:
    content = bytearray(size)
    scratch.read_into(number, memoryview(content))
    return bytes(content)


def test_threads_read_what_they_wrote(tmp_path: Path) -> None:
    scratch = ScratchFile(tmp_path, 1000)
    records = [os.urandom(1000) for _ in range(200)]

    def write_and_read(number: int) -> bytes:
        scratch.write(number, records[number])
        return read(scratch, number, 1000)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write_and_read, range(199, -1, -1))) == records[::-1]
    assert [read(scratch, number, 1000) for number in range(200)] == records


def test_a_record_that_was_not_written(tmp_path: Path) -> None:
    scratch = ScratchFile(tmp_path, 10)
    scratch.write(0, bytes(10))
    with pytest.raises(OSError, match="record 5 was not written"):
        read(scratch, 5, 10)


def test_leaves_nothing_and_frees_the_disk(tmp_path: Path) -> None:
    scratch = ScratchFile(tmp_path, 10)
    scratch.write(0, bytes(10))
    assert not list(tmp_path.iterdir())
    descriptor = scratch._file.fileno()
    del scratch
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
