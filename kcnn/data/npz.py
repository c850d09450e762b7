"""NumPy archives of images: Keras's mnist.npz, MedMNIST's files, and others of these names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kcnn.data.cannot_read import cannot_read
from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.data.npz_header import (
    CLASS_NAMES,
    PLAIN_NAMES,
    ArrayNames,
    how_to_fix,
    read_npz_header,
)
from kcnn.data.npz_values import as_labels, as_pixels
from kcnn.errors import DataError
from kcnn.files.npz import ArraysError, read_arrays
from kcnn.progress import Progress


def read_npz(
    path: Path,
    name: str,
    class_names: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a dataset from one .npz file; nothing in it is ever unpickled.

    The arrays are `x_train`, `y_train`, `x_test`, `y_test` and perhaps `x_val`, `y_val`, or
    MedMNIST's `train_images`, `train_labels` and so on. Images are (count, height, width) or
    (count, height, width, channels) with 1 or 3 channels, either integers from 0 to 255 or floats
    from 0 to 1; labels are whole numbers from 0, (count,) or (count, 1). An array `class_names` may
    name the classes.

    Args:
        path: The file.
        name: The dataset's name.
        class_names: The names of the classes, where the file itself has none.
        progress: Receives a note on images that are almost black.

    Raises:
        DataError: The file or one of its arrays is missing, damaged or not as described.
    """
    names, arrays = _read_arrays(path)
    parts = {part: _images(path, arrays, *pair) for part, pair in names.items()}
    if CLASS_NAMES in arrays:
        class_names = _class_names(path, arrays[CLASS_NAMES])
    elif class_names is None:
        class_names = _numbered_classes(path, names["train"][1], parts["train"].labels)
    if len(class_names) < 2:
        raise DataError(
            f"{path}: only one class, expected two or more",
            f"{names['train'][1]} has the class of each image, as a number from 0",
        )
    for part, images in parts.items():
        if images.labels.max() >= len(class_names):
            raise DataError(
                f"{path}: {names[part][1]} has label {images.labels.max()}, expected 0 to "
                f"{len(class_names) - 1} for {len(class_names)} classes",
                f"number the classes from 0, in the order of {CLASS_NAMES}",
            )
    by_array = {names[part][0]: images for part, images in parts.items()}
    _note_darkness(path, by_array, progress or Progress())
    return Dataset(
        name, parts["train"], parts["test"], tuple(class_names), str(path), parts.get("validation")
    )


def _read_arrays(path: Path) -> tuple[ArrayNames, dict[str, np.ndarray]]:
    try:
        names = read_npz_header(path).arrays
        wanted = {CLASS_NAMES, *(name for pair in names.values() for name in pair)}
        return names, read_arrays(path, wanted)
    except ArraysError as error:
        raise DataError(f"{path}: {error}", how_to_fix(str(error))) from None
    except OSError as error:
        raise cannot_read(path, error) from None


def _images(
    path: Path, arrays: dict[str, np.ndarray], images_key: str, labels_key: str
) -> MemoryImages:
    images = as_pixels(f"{path}: {images_key}", arrays[images_key])
    labels = as_labels(f"{path}: {labels_key}", arrays[labels_key])
    if len(images) != len(labels):
        raise DataError(
            f"{path}: {len(images):,} images in {images_key} but {len(labels):,} labels in "
            f"{labels_key}",
            "save one label for each image, in the same order",
        )
    return MemoryImages(images, labels)


def _class_names(path: Path, array: np.ndarray) -> tuple[str, ...]:
    if array.ndim != 1 or array.dtype.kind != "U":
        raise DataError(
            f"{path}: class_names has shape {array.shape} and {array.dtype} values, expected one "
            "string a class",
            PLAIN_NAMES,
        )
    names = tuple(str(name) for name in array)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{path}: class_names has {twice[0]!r} {names.count(twice[0])} times, expected a name "
            "of its own for each class",
            "name the classes apart; a label is an index into these names",
        )
    return names


def _numbered_classes(path: Path, labels_key: str, labels: np.ndarray) -> tuple[str, ...]:
    present = np.unique(labels)
    gaps = np.flatnonzero(present != np.arange(len(present)))
    if gaps.size:
        raise DataError(
            f"{path}: {labels_key} has label {present[gaps[0]]} but no label {gaps[0]}",
            "number the classes from 0 without gaps, or add an array class_names",
        )
    return tuple(str(label) for label in present)


def _note_darkness(path: Path, parts: Mapping[str, MemoryImages], progress: Progress) -> None:
    """Note images that are almost black: 0 and 1 are two of 256 levels, not black and white.

    The values alone do not show whether that is meant, so they are read as they are.
    """
    highest = {key: int(part.pixels.max()) for key, part in parts.items()}
    dark = [key for key, value in highest.items() if value <= 1]
    if dark:
        others = [
            f" ({key} has up to {value})" for key, value in highest.items() if key not in dark
        ]
        progress.note(
            f"{path}: no value of {' and '.join(dark)} is above 1 of 255{''.join(others)}, so that "
            "the images are almost black; if 1 means white, save images * 255"
        )
