from __future__ import annotations

import io
import os
import pickle
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kcnn.data.catalog import NAMED_SETS, Layout, NamedSet
from kcnn.data.cifar import read_cifar
from kcnn.data.cifar_python import read_cifar_python
from kcnn.data.load import read_located
from kcnn.data.locate import Location
from kcnn.errors import DataError

# The real layouts with ten images a file.
CIFAR10 = replace(NAMED_SETS["cifar10"], train_count=50, test_count=10)
CIFAR100 = replace(NAMED_SETS["cifar100"], train_count=10, test_count=10)


def layout(named_set: NamedSet, format: str, in_archive: bool) -> Layout:
    return next(
        one
        for one in named_set.layouts
        if one.format == format and (one.archive is not None) == in_archive
    )


def pictures(named_set: NamedSet) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images and labels of each file, as the reader shall give them."""
    random = np.random.default_rng(0)
    classes = len(named_set.class_names)
    return [
        (
            random.integers(0, 256, (10, 32, 32, 3)).astype(np.uint8),
            random.integers(0, classes, 10),
        )
        for _ in layout(named_set, "cifar_binary", False).members
    ]


def planes(images: np.ndarray) -> np.ndarray:
    return images.transpose(0, 3, 1, 2).reshape(len(images), 3072)


def binary_contents(named_set: NamedSet) -> dict[str, bytes]:
    contents = {}
    names = layout(named_set, "cifar_binary", False).members
    for name, (images, labels) in zip(names, pictures(named_set), strict=True):
        columns = [labels[:, np.newaxis], planes(images)]
        if named_set.name == "cifar100":
            columns.insert(0, np.full((10, 1), 19))
        contents[name] = np.hstack(columns).astype(np.uint8).tobytes()
    return contents


def python_contents(named_set: NamedSet, protocol: int = 2) -> dict[str, bytes]:
    key = b"labels" if named_set.name == "cifar10" else b"fine_labels"
    names = layout(named_set, "cifar_python", False).members
    return {
        name: pickle.dumps(
            {b"data": planes(images), key: labels.tolist(), b"filenames": ["a.png"] * 10}, protocol
        )
        for name, (images, labels) in zip(names, pictures(named_set), strict=True)
    }


def place(
    folder: Path, named_set: NamedSet, format: str, contents: dict[str, bytes], in_archive: bool
) -> Location:
    found = Location(named_set, layout(named_set, format, in_archive), folder)
    if in_archive:
        with tarfile.open(found.path, "w:gz") as archive:
            # Archives keep no order; the real ones do not either.
            for name, content in reversed(contents.items()):
                member = tarfile.TarInfo(f"some-folder/{name}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    else:
        for name, content in contents.items():
            (folder / name).write_bytes(content)
    return found


def assert_same(dataset: Any, named_set: NamedSet) -> None:
    *train, test = pictures(named_set)
    assert (dataset.train.images == np.concatenate([images for images, _ in train])).all()
    assert (dataset.train.labels == np.concatenate([labels for _, labels in train])).all()
    assert (dataset.test.images == test[0]).all()
    assert (dataset.test.labels == test[1]).all()
    assert dataset.train.labels.dtype == np.int32


@pytest.mark.parametrize("in_archive", [False, True])
@pytest.mark.parametrize("named_set", [CIFAR10, CIFAR100], ids=lambda one: one.name)
def test_binary_layout(tmp_path, named_set, in_archive) -> None:
    contents = binary_contents(named_set)
    found = place(tmp_path, named_set, "cifar_binary", contents, in_archive)
    dataset = read_cifar(found)
    assert_same(dataset, named_set)
    assert dataset.class_names == named_set.class_names
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(found.layout.files)


@pytest.mark.parametrize("in_archive", [False, True])
@pytest.mark.parametrize("named_set", [CIFAR10, CIFAR100], ids=lambda one: one.name)
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_python_layout(tmp_path, named_set, in_archive, protocol) -> None:
    contents = python_contents(named_set, protocol)
    dataset = read_cifar_python(place(tmp_path, named_set, "cifar_python", contents, in_archive))
    assert_same(dataset, named_set)


def test_python_layout_as_numpy_1_and_python_2_wrote_it(tmp_path) -> None:
    contents = {
        name: content.replace(b"numpy._core.", b"numpy.core.")
        for name, content in python_contents(CIFAR10).items()
    }
    assert b"numpy.core.multiarray" in contents["data_batch_1"]
    found = place(tmp_path, CIFAR10, "cifar_python", contents, False)
    assert_same(read_cifar_python(found), CIFAR10)


def test_class_names_of_the_files(tmp_path) -> None:
    names = [f"kind{number}" for number in range(10)]
    contents = binary_contents(CIFAR10) | {"batches.meta.txt": "\n".join(names).encode() + b"\n\n"}
    found = place(tmp_path, CIFAR10, "cifar_binary", contents, True)
    assert read_cifar(found).class_names == tuple(names)
    contents = python_contents(CIFAR10) | {"batches.meta": pickle.dumps({"label_names": names})}
    found = place(tmp_path, CIFAR10, "cifar_python", contents, True)
    assert read_cifar_python(found).class_names == tuple(names)


class Hostile:
    """Its pickle makes a folder when it is loaded carelessly."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_a_hostile_pickle_runs_nothing(tmp_path, protocol) -> None:
    victim = tmp_path / "victim"
    content = pickle.dumps({b"data": Hostile(victim)}, protocol)
    contents = python_contents(CIFAR10) | {"data_batch_1": content}
    found = place(tmp_path, CIFAR10, "cifar_python", contents, False)
    with pytest.raises(DataError, match=r"data_batch_1 is refused: it asks for \w+\.mkdir"):
        read_cifar_python(found)
    assert not victim.exists()
    pickle.loads(content)
    assert victim.exists(), "the pickle was not hostile at all"


@pytest.mark.parametrize(
    "value", [np.array([Hostile(Path("x"))]), np.datetime64(0, "s"), np.array(["a"]), {1}, 2j]
)
def test_nothing_but_numbers_is_admitted(tmp_path, value) -> None:
    contents = python_contents(CIFAR10) | {"data_batch_1": pickle.dumps({b"data": value}, 2)}
    with pytest.raises(DataError, match="data_batch_1"):
        read_cifar_python(place(tmp_path, CIFAR10, "cifar_python", contents, False))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (b"", r"data_batch_1 is damaged or no pickle"),
        (b"rubbish", "data_batch_1 is "),
        (pickle.dumps([1]), "holds a list, expected a dict"),
        (pickle.dumps({b"labels": [0] * 10}), "data is missing"),
        (
            pickle.dumps({b"data": np.zeros((9, 3072), np.uint8)}),
            r"data is an array \(9, 3072\) of uint8, expected \(10, 3072\) numbers",
        ),
        (
            pickle.dumps({b"data": np.zeros((10, 3072), np.uint8), b"labels": [1, [2]] * 5}),
            "labels is a list",
        ),
        (
            pickle.dumps({b"data": np.zeros((10, 3072), np.uint8), b"labels": [-1] * 10}),
            "labels is a list",
        ),
    ],
)
def test_damaged_pickles(tmp_path, batch, message) -> None:
    contents = python_contents(CIFAR10) | {"data_batch_1": batch}
    with pytest.raises(DataError, match=message):
        read_cifar_python(place(tmp_path, CIFAR10, "cifar_python", contents, False))


def test_a_batch_that_is_cut_off(tmp_path) -> None:
    contents = binary_contents(CIFAR10)
    contents["data_batch_4.bin"] = contents["data_batch_4.bin"][:-3073]
    found = place(tmp_path, CIFAR10, "cifar_binary", contents, False)
    with pytest.raises(DataError, match=r"data_batch_4\.bin has 27,657 bytes, expected 30,730"):
        read_cifar(found)


@pytest.mark.parametrize("kept", [0.0, 0.1, 0.5, 0.99, 0.9999])
def test_an_archive_that_is_cut_off(tmp_path, kept) -> None:
    found = place(tmp_path, CIFAR10, "cifar_binary", binary_contents(CIFAR10), True)
    content = found.path.read_bytes()
    found.path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(
        DataError,
        match=r"cifar-10-binary\.tar\.gz: damaged or cut off; .* the original 170,052,171 bytes",
    ) as caught:
        read_cifar(found)
    assert "kcnn data fetch cifar10" in caught.value.hint


def test_an_archive_without_a_member(tmp_path) -> None:
    contents = binary_contents(CIFAR10)
    del contents["data_batch_2.bin"]
    with pytest.raises(DataError, match=r"data_batch_2\.bin missing in it"):
        read_cifar(place(tmp_path, CIFAR10, "cifar_binary", contents, True))


def test_an_archive_with_a_huge_member_is_refused_before_it_is_read(tmp_path) -> None:
    contents = binary_contents(CIFAR10) | {"data_batch_1.bin": bytes(10_000_000)}
    with pytest.raises(DataError, match="10,000,000 bytes, expected no more than"):
        read_cifar(place(tmp_path, CIFAR10, "cifar_binary", contents, True))


def test_a_label_out_of_range(tmp_path) -> None:
    contents = binary_contents(CIFAR10)
    contents["test_batch.bin"] = b"\x0a" + contents["test_batch.bin"][1:]
    with pytest.raises(DataError, match="label 10 found, expected 0 to 9"):
        read_located(place(tmp_path, CIFAR10, "cifar_binary", contents, False))


@pytest.mark.slow
def test_real_cifar10(real_data) -> None:
    cifar10 = NAMED_SETS["cifar10"]
    found = Location(cifar10, layout(cifar10, "cifar_binary", True), real_data)
    dataset = read_cifar(found)
    assert dataset.image_shape == (32, 32, 3)
    assert list(np.bincount(dataset.train.labels)) == [5000] * 10
    assert list(np.bincount(dataset.test.labels)) == [1000] * 10
    assert list(dataset.train.labels[:5]) == [6, 9, 9, 4, 1]
    # The published channel means.
    means = dataset.train.images.mean(axis=(0, 1, 2)) / 255
    assert np.allclose(means, [0.4914, 0.4822, 0.4465], atol=5e-4)
