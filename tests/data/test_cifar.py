from __future__ import annotations

import hashlib
import io
import os
import pickle
import re
import struct
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kcnn.data.catalog import NAMED_DATASETS, Layout, NamedDataset
from kcnn.data.cifar import read_cifar
from kcnn.data.cifar_python import read_cifar_python
from kcnn.data.load import read_stored
from kcnn.data.locate import StoredDataset
from kcnn.errors import DataError

# The real layouts with ten images in each file.
CIFAR10 = replace(NAMED_DATASETS["cifar10"], train_count=50, test_count=10)
CIFAR100 = replace(NAMED_DATASETS["cifar100"], train_count=10, test_count=10)


def layout(named: NamedDataset, format: str, in_archive: bool) -> Layout:
    return next(
        layout
        for layout in named.layouts
        if layout.format == format and (layout.archive is not None) == in_archive
    )


def images_and_labels(named: NamedDataset) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the images and labels of each file."""
    random = np.random.default_rng(0)
    classes = len(named.class_names)
    return [
        (
            random.integers(0, 256, (10, 32, 32, 3)).astype(np.uint8),
            random.integers(0, classes, 10),
        )
        for _ in layout(named, "cifar_binary", False).members
    ]


def planes(images: np.ndarray) -> np.ndarray:
    return images.transpose(0, 3, 1, 2).reshape(len(images), 3072)


def binary_contents(named: NamedDataset) -> dict[str, bytes]:
    contents = {}
    names = layout(named, "cifar_binary", False).members
    for name, (images, labels) in zip(names, images_and_labels(named), strict=True):
        columns = [labels[:, np.newaxis], planes(images)]
        if named.name == "cifar100":
            columns.insert(0, np.full((10, 1), 19))
        contents[name] = np.hstack(columns).astype(np.uint8).tobytes()
    return contents


def python_contents(named: NamedDataset, protocol: int = 2) -> dict[str, bytes]:
    key = b"labels" if named.name == "cifar10" else b"fine_labels"
    names = layout(named, "cifar_python", False).members
    return {
        name: pickle.dumps(
            {b"data": planes(images), key: labels.tolist(), b"filenames": ["a.png"] * 10}, protocol
        )
        for name, (images, labels) in zip(names, images_and_labels(named), strict=True)
    }


def with_hashes(named: NamedDataset, contents: dict[str, bytes]) -> NamedDataset:
    """Make these contents the original files of a dataset."""
    hashes = {name: f"md5:{hashlib.md5(content).hexdigest()}" for name, content in contents.items()}
    return replace(named, known_hashes=hashes)


def store(
    folder: Path, named: NamedDataset, format: str, contents: dict[str, bytes], in_archive: bool
) -> StoredDataset:
    found = StoredDataset(named, layout(named, format, in_archive), folder)
    if in_archive:
        with tarfile.open(found.path, "w:gz") as archive:
            # Members can be in any order, also in the original archives.
            for name, content in reversed(contents.items()):
                member = tarfile.TarInfo(f"some-folder/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    return found


def assert_same(dataset: Any, named: NamedDataset) -> None:
    *train, test = images_and_labels(named)
    assert (dataset.train.read_all() == np.concatenate([images for images, _ in train])).all()
    assert (dataset.train.labels == np.concatenate([labels for _, labels in train])).all()
    assert (dataset.test.read_all() == test[0]).all()
    assert (dataset.test.labels == test[1]).all()
    assert dataset.train.labels.dtype == np.int32


@pytest.mark.parametrize("in_archive", [False, True])
@pytest.mark.parametrize("named", [CIFAR10, CIFAR100], ids=lambda named: named.name)
def test_reads_the_binary_layout(tmp_path, named, in_archive) -> None:
    contents = binary_contents(named)
    found = store(tmp_path, named, "cifar_binary", contents, in_archive)
    dataset = read_cifar(found)
    assert_same(dataset, named)
    assert dataset.class_names == named.class_names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(found.layout.files)


@pytest.mark.parametrize("in_archive", [False, True])
@pytest.mark.parametrize("named", [CIFAR10, CIFAR100], ids=lambda named: named.name)
@pytest.mark.parametrize("protocol", [2, 5])
def test_reads_the_python_layout(tmp_path, named, in_archive, protocol) -> None:
    contents = python_contents(named, protocol)
    named = with_hashes(named, contents)
    dataset = read_cifar_python(store(tmp_path, named, "cifar_python", contents, in_archive))
    assert_same(dataset, named)
    assert dataset.class_names == named.class_names


def python_2_batch(images: np.ndarray) -> bytes:
    """Return a batch as Python 2 and NumPy 1 wrote it: all strings are bytes, in the dtype too."""

    def short(text: bytes) -> bytes:
        return b"U" + bytes([len(text)]) + text

    raw = images.tobytes()
    return (
        b"\x80\x02}q\x01(" + short(b"data")
        + b"cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04K\x00\x85q\x05"
        + short(b"b") + b"\x87Rq\x06(K\x01K" + bytes([len(images)]) + b"M\x00\x0c\x86"
        + b"cnumpy\ndtype\nq\x07" + short(b"u1") + b"K\x00K\x01\x87Rq\x08(K\x03" + short(b"|")
        + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T" + struct.pack("<i", len(raw)) + raw
        + b"tb" + short(b"labels") + b"]q\x09(" + b"K\x01" * len(images) + b"eu."
    )  # fmt: skip


def test_reads_pickles_of_python_2(tmp_path, recwarn) -> None:
    images = np.random.default_rng(0).integers(0, 256, (10, 3072)).astype(np.uint8)
    names = layout(CIFAR10, "cifar_python", False).members
    contents = dict.fromkeys(names, python_2_batch(images))
    named = with_hashes(CIFAR10, contents)
    dataset = read_cifar_python(store(tmp_path, named, "cifar_python", contents, False))
    assert (planes(dataset.test.read_all()) == images).all()
    assert (dataset.test.labels == 1).all()
    assert not list(recwarn)


def test_reads_class_names_from_the_files(tmp_path) -> None:
    names = [f"kind{number}" for number in range(10)]
    contents = binary_contents(CIFAR10) | {"batches.meta.txt": "\n".join(names).encode() + b"\n\n"}
    found = store(tmp_path, CIFAR10, "cifar_binary", contents, True)
    assert read_cifar(found).class_names == tuple(names)


class Hostile:
    """An object whose pickle creates a folder when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("in_archive", [False, True])
@pytest.mark.parametrize("named", [CIFAR10, CIFAR100], ids=lambda named: named.name)
def test_refuses_other_pickles_without_loading_them(tmp_path, named, in_archive) -> None:
    contents = python_contents(named)
    named, name = with_hashes(named, contents), next(iter(contents))
    victim = tmp_path / "victim"
    contents[name] = pickle.dumps({b"data": Hostile(victim)})
    found = store(tmp_path, named, "cifar_python", contents, in_archive)
    with pytest.raises(DataError, match=f"{name} is not the original file") as caught:
        read_cifar_python(found)
    assert not victim.exists()
    assert caught.value.hint == (
        f"move it away and get the dataset again: kcnn data fetch {named.name}; or save your own "
        "images as .npz, for dataset: npz"
    )
    pickle.loads(contents[name])
    assert victim.exists(), "the pickle was not hostile at all"


@pytest.mark.parametrize("named", [CIFAR10, CIFAR100], ids=lambda named: named.name)
def test_every_pickle_has_a_known_hash(named) -> None:
    hashes = [named.known_hashes[name] for name in layout(named, "cifar_python", True).members]
    assert len(set(hashes)) == len(hashes)
    assert all(re.fullmatch("md5:[0-9a-f]{32}", known) for known in hashes)


def test_refuses_a_truncated_batch(tmp_path) -> None:
    contents = binary_contents(CIFAR10)
    contents["data_batch_4.bin"] = contents["data_batch_4.bin"][:-3073]
    found = store(tmp_path, CIFAR10, "cifar_binary", contents, False)
    with pytest.raises(DataError, match=r"data_batch_4\.bin has 27,657 bytes, expected 30,730"):
        read_cifar(found)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99, 0.9999])
def test_refuses_a_truncated_archive(tmp_path, kept) -> None:
    found = store(tmp_path, CIFAR10, "cifar_binary", binary_contents(CIFAR10), True)
    content = found.path.read_bytes()
    found.path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(
        DataError,
        match=r"cifar-10-binary\.tar\.gz: damaged or cut off; .* the original 170,052,171 bytes",
    ) as caught:
        read_cifar(found)
    assert "kcnn data fetch cifar10" in caught.value.hint


def test_refuses_an_archive_without_a_member(tmp_path) -> None:
    contents = binary_contents(CIFAR10)
    del contents["data_batch_2.bin"]
    with pytest.raises(DataError, match=r"data_batch_2\.bin missing in it"):
        read_cifar(store(tmp_path, CIFAR10, "cifar_binary", contents, True))


def test_refuses_a_huge_member_before_reading_it(tmp_path) -> None:
    contents = binary_contents(CIFAR10) | {"data_batch_1.bin": bytes(10_000_000)}
    with pytest.raises(DataError, match="10,000,000 bytes, expected no more than"):
        read_cifar(store(tmp_path, CIFAR10, "cifar_binary", contents, True))


def test_refuses_a_label_out_of_range(tmp_path) -> None:
    contents = binary_contents(CIFAR10)
    contents["test_batch.bin"] = b"\x0a" + contents["test_batch.bin"][1:]
    with pytest.raises(DataError, match="label 10 found, expected 0 to 9"):
        read_stored(store(tmp_path, CIFAR10, "cifar_binary", contents, False))


@pytest.mark.slow
def test_real_cifar10(real_data) -> None:
    cifar10 = NAMED_DATASETS["cifar10"]
    found = StoredDataset(cifar10, layout(cifar10, "cifar_binary", True), real_data)
    dataset = read_cifar(found)
    assert dataset.image_shape == (32, 32, 3)
    assert list(np.bincount(dataset.train.labels)) == [5000] * 10
    assert list(np.bincount(dataset.test.labels)) == [1000] * 10
    assert list(dataset.train.labels[:5]) == [6, 9, 9, 4, 1]
    # The published channel means.
    means = dataset.train.read_all().mean(axis=(0, 1, 2)) / 255
    assert np.allclose(means, [0.4914, 0.4822, 0.4465], atol=5e-4)
