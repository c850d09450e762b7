from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kcnn.data.npz import read_npz
from kcnn.data.npz_header import read_npz_header
from kcnn.errors import DataError


def arrays(**changes: Any) -> dict[str, Any]:
    random = np.random.default_rng(0)
    return {
        "x_train": random.integers(0, 256, (6, 5, 4, 3)).astype(np.uint8),
        "y_train": np.array([0, 1, 2, 0, 1, 2]),
        "x_test": random.integers(0, 256, (3, 5, 4, 3)).astype(np.uint8),
        "y_test": np.array([2, 1, 0]),
    } | changes


def save(path: Path, **changes: Any) -> Path:
    np.savez(path, **{key: value for key, value in arrays(**changes).items() if value is not None})
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own.npz"


def test_reads_images_and_labels(path) -> None:
    dataset = read_npz(save(path), "own")
    assert (dataset.train.read_all() == arrays()["x_train"]).all()
    assert dataset.train.labels.dtype == np.int32
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.source == str(path)


@pytest.mark.parametrize(
    ("images", "labels", "validation"),
    [("x_{}", "y_{}", "val"), ("{}_images", "{}_labels", "val")],
)
def test_reads_the_names_of_keras_and_medmnist(path, images, labels, validation) -> None:
    values = arrays()
    parts = {"train": slice(0, 6), validation: slice(1, 4), "test": slice(0, 3)}
    named = {images.format(part): values["x_train"][chosen] for part, chosen in parts.items()}
    named |= {
        labels.format(part): values["y_train"][chosen, np.newaxis] for part, chosen in parts.items()
    }
    np.savez(path, **named)
    dataset = read_npz(path, "own")
    assert (len(dataset.train), len(dataset.test)) == (6, 3)
    assert dataset.validation is not None
    assert list(dataset.validation.labels) == [1, 2, 0]
    assert (dataset.validation.read_all() == values["x_train"][1:4]).all()
    header = read_npz_header(path)
    assert (dict(header.counts), header.classes) == (
        {"train": 6, "validation": 3, "test": 3},
        3,
    )


def test_refuses_validation_images_without_labels(path) -> None:
    save(path, x_val=arrays()["x_test"])
    with pytest.raises(DataError, match="no y_val in it, expected x_train, y_train, x_val, y_val"):
        read_npz(path, "own")


def test_refuses_medmnist_without_test_labels(path) -> None:
    values = arrays()
    np.savez(
        path,
        train_images=values["x_train"],
        train_labels=values["y_train"],
        test_images=values["x_test"],
    )
    with pytest.raises(DataError, match="no test_labels in it, expected train_images"):
        read_npz(path, "own")


def test_refuses_validation_images_of_another_shape(path) -> None:
    save(path, x_val=np.zeros((2, 9, 9, 3), np.uint8), y_val=np.array([0, 1]))
    with pytest.raises(DataError, match=r"x_val of \(9, 9, 3\); expected the same"):
        read_npz(path, "own")


def test_gray_images_and_labels_in_a_column(path) -> None:
    gray = arrays()["x_train"][..., 0]
    save(path, x_train=gray, x_test=gray[:3], y_train=arrays()["y_train"][:, np.newaxis])
    dataset = read_npz(path, "own")
    assert dataset.image_shape == (5, 4, 1)
    assert list(dataset.train.labels) == [0, 1, 2, 0, 1, 2]


def test_floats_from_0_to_1_become_bytes(path) -> None:
    images = arrays()["x_train"]
    dataset = read_npz(save(path, x_train=images.astype(np.float32) / 255), "own")
    assert dataset.train.read_all().dtype == np.uint8
    assert (dataset.train.read_all() == images).all()


def test_wide_integers_become_bytes(path) -> None:
    images = arrays()["x_train"]
    assert (
        read_npz(save(path, x_train=images.astype(np.int64)), "own").train.read_all() == images
    ).all()


def test_class_names_in_the_file(path) -> None:
    dataset = read_npz(save(path, class_names=np.array(["ant", "bee", "cat", "dog"])), "own")
    assert dataset.class_names == ("ant", "bee", "cat", "dog")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_test": None}, "no x_test in it, expected x_train, y_train, x_test, y_test; found"),
        ({"x_train": np.array([1, "a", None], object)}, "x_train holds Python objects"),
        ({"x_train": np.zeros((6, 3, 5, 4), np.uint8)}, r"x_train has shape \(6, 3, 5, 4\)"),
        ({"x_train": np.zeros((0, 5, 4, 3), np.uint8)}, "x_train is empty"),
        ({"x_train": np.zeros((6, 5, 5, 3), np.uint8)}, "expected the same"),
        ({"x_train": np.full((6, 5, 4, 3), 2.5)}, "float64 values from 2.5 to 2.5"),
        ({"x_train": np.full((6, 5, 4, 3), np.nan)}, "values from nan to nan"),
        ({"x_train": np.full((6, 5, 4, 3), 256)}, "int64 values from 256 to 256"),
        ({"x_train": np.full((6, 5, 4, 3), -1)}, "int64 values from -1 to -1"),
        ({"x_train": np.full((6, 5, 4, 3), "a")}, "<U1 values"),
        ({"y_train": np.zeros(6, int), "y_test": np.zeros(3, int)}, "only one class"),
        ({"y_train": np.zeros(5, int)}, "6 images in x_train but 5 labels in y_train"),
        ({"y_train": np.zeros((6, 3))}, r"y_train has shape \(6, 3\)"),
        ({"y_train": np.zeros(6)}, "y_train has float64 values"),
        ({"y_train": np.array([0, 1, 2, -1, 1, 2])}, "y_train has labels from -1 to 2"),
        ({"y_train": np.array([1, 2, 3, 1, 2, 3])}, "y_train has label 1 but no label 0"),
        ({"y_train": np.array([0, 1, 2**40, 1, 2, 0])}, "y_train has labels from 0 to"),
        ({"y_test": np.array([0, 1, 3])}, "y_test has label 3, expected 0 to 2 for 3 classes"),
        ({"class_names": np.array(["a", "b"])}, "y_train has label 2, expected 0 to 1"),
        ({"class_names": np.array([1, 2, 3])}, "class_names has shape"),
    ],
)
def test_refuses_wrong_arrays_in_one_line(path, changes, message) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_npz(save(path, **changes), "own")
    assert caught.value.message.startswith(f"{path}: ")
    assert "\n" not in caught.value.message


def test_labels_of_another_shape_are_refused_with_the_header(path) -> None:
    save(path, y_test=np.zeros((3, 4), int))
    with pytest.raises(DataError, match=r"y_test has shape \(3, 4\)") as caught:
        read_npz_header(path)
    assert "images with several labels need dataset: csv" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("shape", "hint"), [((6, 3, 5, 4), "transpose"), ((6, 60), "reshape"), ((), "reshape")]
)
def test_hint_for_images_of_another_shape(path, shape, hint) -> None:
    with pytest.raises(DataError, match="x_train has shape") as caught:
        read_npz(save(path, x_train=np.zeros(shape, np.uint8)), "own")
    assert f"numpy.{hint}" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"x_train": np.zeros((6, 8, 8, 4), np.uint8)}, "images[..., :3] leaves their transparen"),
        ({"x_train": np.zeros((6, 8, 8, 2), np.uint8)}, "images[..., :1] leaves their transparen"),
        ({"x_train": np.zeros((6, 8, 8, 10), np.uint8)}, "images[..., :3] keeps three channels"),
        ({"x_test": np.zeros((3, 5, 4, 3), bool)}, "images.astype(numpy.uint8) * 255"),
        ({"x_test": np.full((3, 5, 4, 3), "1")}, "images.astype(numpy.uint8) makes"),
        ({"x_test": arrays()["x_test"].astype(object)}, "images.astype(numpy.uint8) makes"),
        ({"y_train": np.zeros(6)}, "labels.astype(int)"),
        ({"y_train": np.zeros(6, bool)}, "labels.astype(int)"),
        ({"y_train": np.array([0, 1, 2, 0, 1, 2], object)}, "labels.astype(int)"),
        ({"y_train": np.array(list("abcabc"))}, "numpy.unique(y_train, return_inverse=True)"),
        ({"y_train": np.array([0, 1, 2, -2, 1, 2])}, "add 2 to the labels of y_train and y_test"),
        ({"y_train": np.array([0, 1, 2**40, 1, 2, 0])}, "number the classes from 0 without gaps"),
        ({"class_names": np.array(["a", "b", "c"], object)}, "numpy.array(names, dtype=str)"),
        ({"class_names": np.array([b"a", b"b", b"c"])}, "numpy.array(names, dtype=str)"),
        ({"class_names": np.array(["a", "a", "c"])}, "name the classes apart"),
    ],
)
def test_hint_for_wrong_arrays(path, changes, hint) -> None:
    with pytest.raises(DataError) as caught:
        read_npz(save(path, **changes), "own")
    assert hint in str(caught.value.hint)


def test_hint_for_names_as_labels_works(path) -> None:
    names = {"y_train": np.array(list("cabcab")), "y_test": np.array(list("bac"))}
    class_names, y_train = np.unique(names["y_train"], return_inverse=True)
    y_test = np.searchsorted(class_names, names["y_test"])
    dataset = read_npz(save(path, class_names=class_names, y_train=y_train, y_test=y_test), "own")
    for key, part in (("y_train", dataset.train), ("y_test", dataset.test)):
        assert [dataset.class_names[label] for label in part.labels] == list(names[key])


def test_refuses_equal_class_names(path) -> None:
    message = r"class_names has 'a' 2 times, expected a name of its own for each class"
    with pytest.raises(DataError, match=message):
        read_npz(save(path, class_names=np.array(["a", "a", "c"])), "own")


MASKS = arrays()["x_train"] // 128  # 0 and 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": MASKS, "x_test": MASKS[:3]}, "x_train and x_test is above 1 of 255, so"),
        (
            {"x_train": MASKS.astype(int), "x_test": MASKS[:3].astype(int)},
            "x_train and x_test is above 1 of 255, so",
        ),
        ({"x_test": MASKS[:3]}, "x_test is above 1 of 255 (x_train has up to 255), so"),
        ({"x_train": MASKS}, "x_train is above 1 of 255 (x_test has up to 255), so"),
    ],
)
def test_warns_of_images_that_are_almost_black(path, notes, changes, message) -> None:
    dataset = read_npz(save(path, **changes), "own", progress=notes)
    assert dataset.train.read_all().max() == changes.get("x_train", arrays()["x_train"]).max()
    assert notes.lines == [
        f"{path}: no value of {message} that the images are almost black; if 1 means white, save "
        "images * 255"
    ]


def test_does_not_warn_of_black_and_white_images(path, notes) -> None:
    read_npz(save(path, x_train=MASKS.astype(float), x_test=MASKS[:3] * 255), "own", None, notes)
    assert notes.lines == []


def test_refuses_a_truncated_file(path) -> None:
    save(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"not an \.npz file, or cut off at"):
        read_npz(path, "own")


def test_refuses_a_damaged_file(path) -> None:
    np.savez_compressed(path, **arrays())
    content = bytearray(path.read_bytes())
    content[200:260] = bytes(60)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"own\.npz: "):
        read_npz(path, "own")


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\x80\x04N.", b"\x93NUMPY"])
def test_refuses_random_bytes(path, content) -> None:
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"own\.npz: "):
        read_npz(path, "own")


def test_refuses_a_single_array(path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(DataError, match=r"not an \.npz file"):
        read_npz(path, "own")


def test_refuses_a_missing_file(path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_npz(path, "own")
    path.mkdir()
    with pytest.raises(DataError, match=r"is a folder, expected an \.npz file") as caught:
        read_npz(path, "own")
    assert caught.value.hint == "dataset: folder reads folders of images"


def test_real_mnist(real_data) -> None:
    dataset = read_npz(real_data / "mnist.npz", "mnist")
    assert (len(dataset.train), len(dataset.test)) == (60_000, 10_000)
    assert dataset.class_names == tuple("0123456789")
    assert list(dataset.train.labels[:5]) == [5, 0, 4, 1, 9]
