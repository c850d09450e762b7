from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kcnn.data.dataset import Dataset
from kcnn.data.folder_listing import list_folder
from kcnn.data.load import load_dataset
from kcnn.errors import DataError
from kcnn.progress import Progress


def test_digits_need_no_files(no_data, request_data) -> None:
    dataset = load_dataset(request_data("digits"), None, Progress())
    assert (len(dataset.train), len(dataset.test)) == (1437, 360)
    assert not no_data.exists()


def test_converts_to_the_requested_size_and_channels(no_data, request_data) -> None:
    request = request_data("digits", image_size=[16, 12], channels=3)
    dataset = load_dataset(request, None, Progress())
    assert dataset.train.read_all().shape == (1437, 16, 12, 3)
    assert dataset.test.read_all().shape == (360, 16, 12, 3)


def test_loads_idx_files(no_data, tmp_path, request_data, write_idx_dataset) -> None:
    write_idx_dataset(tmp_path / "mnist", ".gz", pixel=1)
    write_idx_dataset(tmp_path / "fashion-mnist", ".gz", pixel=2)
    for name, pixel in (("mnist", 1), ("fashion_mnist", 2)):
        dataset = load_dataset(request_data(name), tmp_path, Progress())
        assert (dataset.name, dataset.train.read_all()[0, 0, 0, 0]) == (name, pixel)


def test_loads_an_npz_file(no_data, tmp_path, request_data) -> None:
    images, labels = np.zeros((4, 5, 5, 3), np.uint8), np.array([0, 1, 0, 1])
    path = tmp_path / "own.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    dataset = load_dataset(request_data("npz", path=path, channels=1), None, Progress())
    assert dataset.name == "own"
    assert dataset.image_shape == (5, 5, 1)


def test_loads_a_folder(no_data, tmp_path, request_data) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(4):
            Image.new("RGB", (5, 5)).save(tmp_path / name / f"{number}.png")
    request = request_data("folder", path=tmp_path, image_size=[8, 8], test=0.25)
    dataset = load_dataset(request, None, Progress())
    assert dataset.train.read_all().shape == (6, 8, 8, 3)
    assert dataset.test.read_all().shape == (2, 8, 8, 3)


@pytest.fixture
def photos(tmp_path):
    """Make ten wide images of each of two classes, the first of which is damaged."""
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(10):
            Image.new("RGB", (8, 4), "white").save(tmp_path / name / f"{number}.png")
    (tmp_path / "cat" / "0.png").write_bytes(b"no image")
    return tmp_path


def test_settings_decide_what_is_read_of_a_folder(no_data, photos, request_data) -> None:
    settings = {"path": photos, "image_size": [8, 8], "channels": 1}
    request = request_data("folder", **settings, unreadable="skip", resize="fit")
    dataset = load_dataset(request, None, Progress())
    assert dataset.skipped == ("cat/0.png",)
    assert dataset.test.read_one(0)[:, 4, 0].tolist() == [0, 0, 255, 255, 255, 255, 0, 0]
    strict = request_data("folder", **settings)
    assert "cat/0.png" in strict_names(load_dataset(strict, None, Progress(), parts=["test"]))
    with pytest.raises(DataError, match=r"cat/0\.png"):
        load_dataset(strict, None, Progress())
    listing = list_folder(photos)
    (photos / "cat" / "0.png").unlink()
    with pytest.raises(DataError, match=r"cat/0\.png: no such file"):
        load_dataset(strict, None, Progress(), listing)


def strict_names(dataset: Dataset) -> set[str]:
    return {*(dataset.train.names or ()), *(dataset.test.names or ())}


def test_a_fold_is_tested_on_training_images_which_are_checked(
    no_data, photos, request_data
) -> None:
    fold = {"number": 1, "of": 3, "seed": 0}
    request = request_data("folder", path=photos, image_size=[8, 8], fold=fold)
    with pytest.raises(DataError, match=r"cat/0\.png"):
        load_dataset(request, None, Progress(), parts=["test"])


def test_validation_images_are_converted_too(no_data, tmp_path, request_data) -> None:
    images, labels = np.zeros((4, 5, 5, 3), np.uint8), np.array([0, 1, 0, 1])
    parts = {f"{axis}_{part}": images if axis == "x" else labels
             for axis in "xy" for part in ("train", "val", "test")}  # fmt: skip
    np.savez(tmp_path / "own.npz", **parts)
    request = request_data("npz", path=tmp_path / "own.npz", channels=1, image_size=[3, 4])
    validation = load_dataset(request, None, Progress()).validation
    assert validation is not None
    assert validation.read_all().shape == (4, 3, 4, 1)


@pytest.mark.parametrize("name", ["folder", "npz"])
def test_reports_a_path_that_the_system_refuses(no_data, tmp_path, request_data, name) -> None:
    request = request_data(name, path=tmp_path / ("a" * 300), image_size=[8, 8])
    with pytest.raises(DataError, match="cannot be read: File name too long") as caught:
        load_dataset(request, None, Progress())
    assert "\n" not in caught.value.message


def test_checks_data_dir_also_if_it_is_not_used(no_data, tmp_path, request_data) -> None:
    with pytest.raises(DataError, match="no such directory"):
        load_dataset(request_data("digits"), tmp_path / "gone", Progress())


@pytest.mark.parametrize(
    ("shape", "label", "message"),
    [((28, 28, 3), 1, "images of shape"), ((28, 28), 10, r"y_train has label 10")],
)
def test_refuses_a_file_of_another_dataset(
    no_data, tmp_path, request_data, shape, label, message
) -> None:
    images, labels = np.zeros((4, *shape), np.uint8), np.array([0, 1, 0, label])
    np.savez(tmp_path / "mnist.npz", x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(DataError, match=message):
        load_dataset(request_data("mnist"), tmp_path, Progress())


@pytest.mark.slow
def test_loads_mnist_in_the_size_of_cifar10(no_data, real_data, request_data) -> None:
    request = request_data("mnist", image_size=[32, 32], channels=3)
    dataset = load_dataset(request, real_data, Progress())
    assert dataset.train.read_all().shape == (60_000, 32, 32, 3)


def test_refuses_test_images_of_another_size(
    no_data, tmp_path, request_data, write_idx_dataset, write_idx
) -> None:
    write_idx_dataset(tmp_path / "mnist")
    write_idx(tmp_path / "mnist" / "t10k-images-idx3-ubyte", np.zeros((4, 32, 32)))
    with pytest.raises(DataError) as caught:
        load_dataset(request_data("mnist"), tmp_path, Progress())
    assert caught.value.message == (
        f"{tmp_path / 'mnist'}: test images of shape (32, 32, 1), expected (28, 28, 1) for mnist"
    )


@pytest.mark.parametrize(("part", "name"), [("training", "train"), ("test", "t10k")])
def test_refuses_a_split_without_images(
    no_data, tmp_path, request_data, write_idx_dataset, write_idx, part, name
) -> None:
    write_idx_dataset(tmp_path / "mnist")
    write_idx(tmp_path / "mnist" / f"{name}-images-idx3-ubyte", np.zeros((0, 28, 28)))
    write_idx(tmp_path / "mnist" / f"{name}-labels-idx1-ubyte", np.zeros(0))
    with pytest.raises(DataError) as caught:
        load_dataset(request_data("mnist"), tmp_path, Progress())
    assert caught.value.message == f"{tmp_path / 'mnist'}: no {part} images in it"
    assert "kcnn data fetch mnist" in caught.value.hint
