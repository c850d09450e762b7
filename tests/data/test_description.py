"""What is known of images before they are read."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import numpy as np
import pytest

from kcnn.data import npz_header
from kcnn.data.description import describe_images, describe_settings
from kcnn.errors import DataError


def put_images(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number}.png").touch()


def test_describes_a_named_dataset(request_data) -> None:
    images = describe_images(request_data("cifar10"))
    assert (images.image_shape, images.classes) == ((32, 32, 3), 10)
    assert (images.train_count, images.test_count) == (50_000, 10_000)
    images = describe_images(request_data("cifar10", image_size=[8, 9], channels=1))
    assert images.image_shape == (8, 9, 1)


def test_describes_a_folder(tmp_path: Path, request_data) -> None:
    for name, count in (("cat", 6), ("dog", 4), (".hidden", 1)):
        put_images(tmp_path / name, count)
    (tmp_path / "notes.txt").touch()
    data = request_data("folder", path=tmp_path, image_size=[8, 9])
    images = describe_images(data)
    assert (images.image_shape, images.classes) == ((8, 9, 3), 2)
    assert (images.train_count, images.test_count) == (8, 2)
    uncounted = describe_images(data, count=False)
    assert (uncounted.image_shape, uncounted.classes) == ((8, 9, 3), 2)
    assert (uncounted.train_count, uncounted.listing) == (None, None)


def test_describes_train_and_test_folders(tmp_path: Path, request_data) -> None:
    for name, count in (("train/cat", 3), ("train/dog", 4), ("test/cat", 2), ("test/dog", 1)):
        put_images(tmp_path / name, count)
    data = request_data("folder", path=tmp_path, image_size=[8, 8], channels=1)
    images = describe_images(data)
    assert (images.image_shape, images.classes) == ((8, 8, 1), 2)
    assert (images.train_count, images.test_count) == (7, 3)
    shutil.rmtree(tmp_path / "test" / "dog")
    images = describe_images(data)
    assert (images.train_count, images.test_count) == (7, 2)
    assert describe_settings(data).image_shape == (8, 8, 1)


def test_refuses_a_class_without_images(tmp_path: Path, request_data) -> None:
    put_images(tmp_path / "cat", 2)
    (tmp_path / "dog").mkdir()
    data = request_data("folder", path=tmp_path, image_size=[8, 8])
    with pytest.raises(DataError, match=r"dog: no PNG, JPEG, BMP, .* images for this class"):
        describe_images(data)


def test_describes_an_npz(tmp_path: Path, request_data) -> None:
    train, labels = np.zeros((6, 5, 4), np.uint8), np.array([0, 1, 2] * 2)
    parts = {"x_train": train, "y_train": labels, "x_test": train[:3], "y_test": labels[:3]}
    np.savez_compressed(tmp_path / "own.npz", **parts)
    data = request_data("npz", path=tmp_path / "own.npz")
    images = describe_images(data)
    assert (images.image_shape, images.classes) == ((5, 4, 1), 3)
    assert (images.train_count, images.test_count) == (6, 3)
    np.savez(tmp_path / "own.npz", **parts, class_names=np.array(["a", "b", "c"]))
    assert describe_images(data).classes == 3
    for wrong in (labels * 2, labels + 1, labels * 0, labels / 2, labels.astype(str)):
        np.savez(tmp_path / "own.npz", **{**parts, "y_train": wrong})
        assert describe_images(data).classes is None  # reading them says what is wrong
    for kind in ("u1", ">i2", "<i8", "<u4"):
        np.savez(tmp_path / "own.npz", **{**parts, "y_train": labels.astype(kind)})
        assert describe_images(data).classes == 3
    assert describe_settings(data).image_shape is None
    np.savez(tmp_path / "own.npz", **parts, class_names=np.array("abc"))  # one text, no list
    assert describe_images(data).classes is None


@pytest.mark.parametrize("shape", [(6, 0, 4), (6, 5, 0, 3), (0, 5, 4)])
def test_refuses_an_npz_of_empty_images(tmp_path: Path, request_data, shape) -> None:
    images, labels = np.zeros(shape, np.uint8), np.zeros(6, int)
    path = tmp_path / "own.npz"
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(DataError, match="x_train is empty"):
        describe_images(request_data("npz", path=path))


def test_refuses_a_path_that_cannot_be_looked_up(tmp_path: Path, request_data) -> None:
    path = tmp_path / ("x" * 300)
    with pytest.raises(DataError, match="x: cannot be read: File name too long"):
        describe_images(request_data("npz", path=path))


def test_refuses_an_npz_without_test_images(tmp_path: Path, request_data) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, x_train=np.zeros((6, 5, 4), np.uint8), y_train=np.zeros(6, int))
    with pytest.raises(DataError, match=r"no x_test, y_test in it, .*; found x_train, y_train"):
        describe_images(request_data("npz", path=path))


def test_a_disk_that_fails_is_not_a_damaged_file(tmp_path: Path, request_data, monkeypatch) -> None:
    path = tmp_path / "own.npz"
    np.savez(path, x_train=np.zeros((6, 5, 4), np.uint8))

    def fail(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(npz_header, "open_zip", fail)
    with pytest.raises(DataError, match=r"own\.npz: cannot be read: Input/output error"):
        describe_images(request_data("npz", path=path))
