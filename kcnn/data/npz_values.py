"""The arrays of an .npz file as images and labels, and how to fix those that are neither."""

from __future__ import annotations

import numpy as np

from kcnn.data.npz_header import require_image_array, require_label_array
from kcnn.errors import DataError


def as_pixels(array_name: str, array: np.ndarray) -> np.ndarray:
    """Convert images to uint8, (count, height, width, channels).

    Args:
        array_name: The file and the array in it, for the message.
        array: Whole numbers from 0 to 255 or floats from 0 to 1, with or without channels.

    Raises:
        DataError: It has another shape, or other values.
    """
    shape = require_image_array(array_name, array.shape)
    array = array.reshape(-1, *shape)
    if array.dtype == np.uint8:
        return array
    if array.dtype.kind not in "iuf":
        raise DataError(
            f"{array_name} has {array.dtype} values, expected whole numbers or floats",
            "images.astype(numpy.uint8) * 255 makes black and white of them"
            if array.dtype.kind == "b"
            else "images.astype(numpy.uint8) makes whole numbers of them",
        )
    top = 1 if array.dtype.kind == "f" else 255
    low, high = array.min(), array.max()
    # Written so that NaN fails too.
    if not (low >= 0 and high <= top):
        raise DataError(
            f"{array_name} has {array.dtype} values from {low:g} to {high:g}, expected whole "
            "numbers from 0 to 255 or floats from 0 to 1",
            "save the images as uint8, unscaled; the recipe's data.scaling scales them",
        )
    return np.rint(array * 255).astype(np.uint8) if top == 1 else array.astype(np.uint8)


def as_labels(array_name: str, array: np.ndarray) -> np.ndarray:
    """Convert labels to int32, (count,).

    Args:
        array_name: The file and the array in it, for the message.
        array: Whole numbers from 0, (count,) or (count, 1).

    Raises:
        DataError: It has another shape, or other values.
    """
    require_label_array(array_name, array.shape)
    array = array.reshape(-1)
    if array.dtype.kind not in "iu":
        raise DataError(
            f"{array_name} has {array.dtype} values, expected whole numbers from 0",
            "class_names, y_train = numpy.unique(y_train, return_inverse=True) numbers names; "
            "y_test = numpy.searchsorted(class_names, y_test)"
            if array.dtype.kind in "US"
            else "labels.astype(int) makes whole numbers of them",
        )
    if array.size and (array.min() < 0 or array.max() > np.iinfo(np.int32).max):
        raise DataError(
            f"{array_name} has labels from {array.min()} to {array.max()}, expected whole numbers "
            "from 0",
            f"add {-int(array.min())} to the labels of y_train and y_test, so that they begin at 0"
            if array.min() < 0
            else "number the classes from 0 without gaps",
        )
    return array.astype(np.int32)
