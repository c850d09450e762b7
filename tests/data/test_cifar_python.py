"""Pickles as Python 2 wrote them, and such as are made to hurt."""

from __future__ import annotations

import pickle
import struct
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kcnn.data.catalog import NAMED_SETS
from kcnn.data.cifar_python import _unpickle, read_cifar_python
from kcnn.data.locate import Location
from kcnn.errors import DataError

CIFAR10 = replace(NAMED_SETS["cifar10"], train_count=50, test_count=10)
PLAIN = next(one for one in CIFAR10.layouts if one.format == "cifar_python" and not one.archive)


def short(text: bytes) -> bytes:
    return b"U" + bytes([len(text)]) + text


def python_2_batch(images: np.ndarray) -> bytes:
    """What Python 2 and NumPy 1 wrote: every string is bytes, those of the dtype as well."""
    raw = images.tobytes()
    return (
        b"\x80\x02}q\x01(" + short(b"data")
        + b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85q\x05"
        + short(b"b") + b"\x87Rq\x06(K\x01K" + bytes([len(images)]) + b"M\x00\x0c\x86"
        + b"cnumpy\ndtype\nq\x07" + short(b"u1") + b"K\x00K\x01\x87Rq\x08(K\x03" + short(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + struct.pack("<i", len(raw)) + raw
        + b"tb" + short(b"labels") + b"]q\x09(" + b"K\x01" * len(images) + b"eu."
    )  # fmt: skip


def test_the_layout_of_python_2_is_read(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, 3072)).astype(np.uint8)
    for name in PLAIN.members:
        (tmp_path / name).write_bytes(python_2_batch(images))
    dataset = read_cifar_python(Location(CIFAR10, PLAIN, tmp_path))
    planes = dataset.test.images.transpose(0, 3, 1, 2).reshape(10, 3072)
    assert (planes == images).all()
    assert (dataset.test.labels == 1).all()


@pytest.mark.slow
def test_many_strings_and_the_largest_array_are_no_attack(tmp_path: Path) -> None:
    names = [b"%d.png" % number for number in range(20_000)]
    for protocol in (0, 2, 4, 5):
        batch = {b"data": np.zeros((10_000, 3072), np.uint8), b"filenames": names}
        content = pickle.dumps(batch, protocol)
        read = _unpickle(Location(CIFAR10, PLAIN, tmp_path), "data_batch_1", content)
        assert read["filenames"] == names
        assert read["data"].numbers.shape == (10_000, 3072)


def doubled(uncover: bytes) -> bytes:
    """Tuples of tuples, as a key: the hash of it walks through 2 to the power of 35."""
    levels = (b"\x85" + uncover + b"q%ch%c\x86" % (n, n) for n in range(35))
    return b"\x80\x02}(K\x01" + b"".join(levels) + b"K\x01u."


COPIES = (
    b"\x80\x02](c_codecs\nencode\nq\x00X" + struct.pack("<i", 50_000) + b"a" * 50_000
    + b"q\x01X\x06\x00\x00\x00latin1q\x02" + b"h\x00h\x01h\x02\x86R" * 300 + b"e."
)  # fmt: skip
PICKLES = {
    "tuples uncovered by BUILD": doubled(b"Nb"),
    "tuples uncovered by POP": doubled(b"N0"),
    "tuples uncovered by APPENDS": doubled(b"(e"),
    "a key too deep to hash": b"\x80\x02}(N" + b"\x85" * 900_000 + b"K\x01u.",
    "copies of one string": COPIES,
    "a name of two lines": b"\x80\x04\x8c\x03a\nb\x8c\x03c\nd\x93.",
}


@pytest.mark.parametrize("attack", PICKLES)
def test_hostile_pickles_end_in_one_line_and_soon(tmp_path: Path, attack: str) -> None:
    begun = time.process_time()
    with pytest.raises(DataError, match="data_batch_1 is refused: it ") as caught:
        _unpickle(Location(CIFAR10, PLAIN, tmp_path), "data_batch_1", PICKLES[attack])
    assert "\n" not in caught.value.message
    assert time.process_time() - begun < 4
