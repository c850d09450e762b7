"""NumPy archives with `x_train`, `y_train`, `x_test`, `y_test`: Keras's mnist.npz and one's own."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kcnn.arrays import ArraysError, array_names, read_arrays
from kcnn.data.dataset import Dataset, Images
from kcnn.errors import DataError

KEYS = ("x_train", "y_train", "x_test", "y_test")


def read_npz(path: Path, name: str, class_names: Sequence[str] | None = None) -> Dataset:
    """Reads a set from one .npz file; nothing in it is ever unpickled.

    Images are (count, height, width) or (count, height, width, channels) with 1 or 3 channels,
    either integers from 0 to 255 or floats from 0 to 1; labels are whole numbers from 0, (count,)
    or (count, 1). An array `class_names` may name the classes.

    Args:
        path: The file.
        name: What the set is called.
        class_names: The names of the classes, when the file itself has none.

    Raises:
        DataError: The file or one of its arrays is missing, damaged or not as described.
    """
    arrays = _read_arrays(path)
    train = _images(path, arrays, "x_train", "y_train")
    test = _images(path, arrays, "x_test", "y_test")
    if train.images.shape[1:] != test.images.shape[1:]:
        raise DataError(
            f"{path}: x_train has images of shape {train.images.shape[1:]}, x_test of "
            f"{test.images.shape[1:]}; expected the same"
        )
    if "class_names" in arrays:
        class_names = _class_names(path, arrays["class_names"])
    elif class_names is None:
        class_names = _numbered_classes(path, train.labels)
    if len(class_names) < 2:
        raise DataError(f"{path}: only one class, expected two or more")
    for key, part in (("y_train", train), ("y_test", test)):
        if part.labels.max() >= len(class_names):
            raise DataError(
                f"{path}: {key} has label {part.labels.max()}, expected 0 to "
                f"{len(class_names) - 1} for {len(class_names)} classes"
            )
    return Dataset(name, train, test, tuple(class_names), str(path))


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise DataError(f"{path}: no such file", "data.path names the .npz file")
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path}: not an .npz file, or cut off at {path.stat().st_size:,} bytes",
            "numpy.savez_compressed writes such files",
        )
    _require_keys(path, array_names(path))
    try:
        return read_arrays(path, {*KEYS, "class_names"})
    except ArraysError as error:
        raise DataError(f"{path}: {error}", "get it anew, or write it again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _require_keys(path: Path, found: Sequence[str]) -> None:
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise DataError(
            f"{path}: no {', '.join(missing)} in it, expected {', '.join(KEYS)}; found "
            f"{', '.join(found) or 'nothing'}",
            "save it with numpy.savez_compressed(path, x_train=…, y_train=…, x_test=…, y_test=…)",
        )


def _images(path: Path, arrays: dict[str, np.ndarray], images_key: str, labels_key: str) -> Images:
    images = _pixels(path, images_key, arrays[images_key])
    labels = _labels(path, labels_key, arrays[labels_key])
    if len(images) != len(labels):
        raise DataError(
            f"{path}: {len(images):,} images in {images_key} but {len(labels):,} labels in "
            f"{labels_key}"
        )
    return Images(images, labels)


def _pixels(path: Path, key: str, array: np.ndarray) -> np.ndarray:
    place = f"{path}: {key}"
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim != 4 or array.shape[3] not in (1, 3):
        raise DataError(
            f"{place} has shape {array.shape}, expected (count, height, width) or (count, height, "
            "width, channels) with 1 or 3 channels",
            "numpy.transpose(images, (0, 2, 3, 1)) moves channels from second place to last"
            if array.ndim == 4
            else "numpy.reshape(images, (-1, height, width, channels)) makes images of rows",
        )
    if array.size == 0:
        raise DataError(f"{place} is empty: shape {array.shape}")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "iuf":
        raise DataError(f"{place} has {array.dtype} values, expected whole numbers or floats")
    top = 1 if array.dtype.kind == "f" else 255
    low, high = array.min(), array.max()
    # Written so that NaN fails too.
    if not (low >= 0 and high <= top):
        raise DataError(
            f"{place} has {array.dtype} values from {low:g} to {high:g}, expected whole numbers "
            "from 0 to 255 or floats from 0 to 1",
            "save the images as uint8, unscaled; the recipe's data.scaling scales them",
        )
    return np.rint(array * 255).astype(np.uint8) if top == 1 else array.astype(np.uint8)


def _labels(path: Path, key: str, array: np.ndarray) -> np.ndarray:
    place = f"{path}: {key}"
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{place} has shape {array.shape}, expected (count,) or (count, 1)",
            "numpy.argmax(labels, axis=1) makes labels of one-hot vectors",
        )
    if array.dtype.kind not in "iu":
        raise DataError(f"{place} has {array.dtype} values, expected whole numbers from 0")
    if array.size and (array.min() < 0 or array.max() > np.iinfo(np.int32).max):
        raise DataError(
            f"{place} has labels from {array.min()} to {array.max()}, expected whole numbers from 0"
        )
    return array.astype(np.int32)


def _class_names(path: Path, array: np.ndarray) -> tuple[str, ...]:
    if array.ndim != 1 or array.dtype.kind != "U":
        raise DataError(
            f"{path}: class_names has shape {array.shape} and {array.dtype} values, expected one "
            "string a class"
        )
    return tuple(str(name) for name in array)


def _numbered_classes(path: Path, labels: np.ndarray) -> tuple[str, ...]:
    present = np.unique(labels)
    gaps = np.flatnonzero(present != np.arange(len(present)))
    if gaps.size:
        raise DataError(
            f"{path}: y_train has label {present[gaps[0]]} but no label {gaps[0]}",
            "number the classes from 0 without gaps, or add an array class_names",
        )
    return tuple(str(label) for label in present)
