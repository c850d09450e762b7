"""Arrays of .npz files as images and labels, and how to mend those that are neither."""

from __future__ import annotations

import numpy as np

from kcnn.errors import DataError


def as_pixels(place: str, array: np.ndarray) -> np.ndarray:
    """Makes images of bytes: uint8, (count, height, width, channels).

    Args:
        place: What errors begin with: the file, and the array in it.
        array: Whole numbers from 0 to 255 or floats from 0 to 1, with or without channels.

    Raises:
        DataError: It has another shape, or other values.
    """
    if array.ndim == 3:
        array = array[..., np.newaxis]
    if array.ndim != 4 or array.shape[3] not in (1, 3):
        raise DataError(
            f"{place} has shape {array.shape}, expected (count, height, width) or (count, height, "
            "width, channels) with 1 or 3 channels",
            _mend_shape(array.shape),
        )
    if array.size == 0:
        raise DataError(f"{place} is empty: shape {array.shape}")
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "iuf":
        raise DataError(
            f"{place} has {array.dtype} values, expected whole numbers or floats",
            "images.astype(numpy.uint8) * 255 makes black and white of them"
            if array.dtype.kind == "b"
            else "images.astype(numpy.uint8) makes whole numbers of them",
        )
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


def _mend_shape(shape: tuple[int, ...]) -> str:
    if len(shape) != 4:
        return "numpy.reshape(images, (-1, height, width, channels)) makes images of rows"
    if shape[1] in (1, 3):
        return "numpy.transpose(images, (0, 2, 3, 1)) moves channels from second place to last"
    if shape[3] == 2:
        return "images[..., :1] leaves their transparency out"
    if shape[3] == 4:
        return "images[..., :3] leaves their transparency out"
    return "images[..., :3] keeps three channels, where the channels are last"


def as_labels(place: str, array: np.ndarray) -> np.ndarray:
    """Makes labels: int32, (count,).

    Args:
        place: What errors begin with: the file, and the array in it.
        array: Whole numbers from 0, (count,) or (count, 1).

    Raises:
        DataError: It has another shape, or other values.
    """
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"{place} has shape {array.shape}, expected (count,) or (count, 1)",
            "numpy.argmax(labels, axis=1) makes labels of one-hot vectors",
        )
    if array.dtype.kind not in "iu":
        raise DataError(
            f"{place} has {array.dtype} values, expected whole numbers from 0",
            "class_names, y_train = numpy.unique(y_train, return_inverse=True) numbers names; "
            "y_test = numpy.searchsorted(class_names, y_test)"
            if array.dtype.kind in "US"
            else "labels.astype(int) makes whole numbers of them",
        )
    if array.size and (array.min() < 0 or array.max() > np.iinfo(np.int32).max):
        raise DataError(
            f"{place} has labels from {array.min()} to {array.max()}, expected whole numbers from "
            "0",
            f"add {-int(array.min())} to the labels of y_train and y_test, so that they begin at 0"
            if array.min() < 0
            else "number the classes from 0 without gaps",
        )
    return array.astype(np.int32)
