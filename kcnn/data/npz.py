"""NumPy archives with `x_train`, `y_train`, `x_test`, `y_test`: Keras's mnist.npz and one's own."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from kcnn.data.dataset import Dataset, Images
from kcnn.data.npz_values import as_labels, as_pixels
from kcnn.data.own_images import require_npz
from kcnn.errors import DataError
from kcnn.files.npz import ArraysError, array_names, read_arrays
from kcnn.progress import Progress

KEYS = ("x_train", "y_train", "x_test", "y_test")
_PLAIN_IMAGES = "images.astype(numpy.uint8) makes plain numbers of images that are all of one size"
_PLAIN_LABELS = "labels.astype(int) makes plain numbers"
_PLAIN_NAMES = "numpy.array(names, dtype=str) makes plain strings"
_WITHOUT_OBJECTS = {
    "x_train": _PLAIN_IMAGES,
    "x_test": _PLAIN_IMAGES,
    "y_train": _PLAIN_LABELS,
    "y_test": _PLAIN_LABELS,
    "class_names": _PLAIN_NAMES,
}


def read_npz(
    path: Path,
    name: str,
    class_names: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Reads a set from one .npz file; nothing in it is ever unpickled.

    Images are (count, height, width) or (count, height, width, channels) with 1 or 3 channels,
    either integers from 0 to 255 or floats from 0 to 1; labels are whole numbers from 0, (count,)
    or (count, 1). An array `class_names` may name the classes.

    Args:
        path: The file.
        name: What the set is called.
        class_names: The names of the classes, when the file itself has none.
        progress: Told of images that are all but black.

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
    _tell_of_darkness(path, {"x_train": train, "x_test": test}, progress or Progress())
    return Dataset(name, train, test, tuple(class_names), str(path))


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    require_npz(path)
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path}: not an .npz file, or cut off at {path.stat().st_size:,} bytes",
            "numpy.savez_compressed writes such files",
        )
    _require_keys(path, array_names(path))
    try:
        return read_arrays(path, {*KEYS, "class_names"})
    except ArraysError as error:
        raise DataError(f"{path}: {error}", _mend(str(error))) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _mend(problem: str) -> str:
    """Says what to do about an array that cannot be read."""
    name = problem.partition(" holds Python objects")[0]
    return _WITHOUT_OBJECTS.get(name, "get it anew, or write it again")


def _require_keys(path: Path, found: Sequence[str]) -> None:
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise DataError(
            f"{path}: no {', '.join(missing)} in it, expected {', '.join(KEYS)}; found "
            f"{', '.join(found) or 'nothing'}",
            "save it with numpy.savez_compressed(path, x_train=…, y_train=…, x_test=…, y_test=…)",
        )


def _images(path: Path, arrays: dict[str, np.ndarray], images_key: str, labels_key: str) -> Images:
    images = as_pixels(f"{path}: {images_key}", arrays[images_key])
    labels = as_labels(f"{path}: {labels_key}", arrays[labels_key])
    if len(images) != len(labels):
        raise DataError(
            f"{path}: {len(images):,} images in {images_key} but {len(labels):,} labels in "
            f"{labels_key}"
        )
    return Images(images, labels)


def _class_names(path: Path, array: np.ndarray) -> tuple[str, ...]:
    if array.ndim != 1 or array.dtype.kind != "U":
        raise DataError(
            f"{path}: class_names has shape {array.shape} and {array.dtype} values, expected one "
            "string a class",
            _PLAIN_NAMES,
        )
    names = tuple(str(name) for name in array)
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{path}: class_names has {twice[0]!r} {names.count(twice[0])} times, expected a name "
            "of its own for each class",
            "name the classes apart; a label is a place among these names",
        )
    return names


def _numbered_classes(path: Path, labels: np.ndarray) -> tuple[str, ...]:
    present = np.unique(labels)
    gaps = np.flatnonzero(present != np.arange(len(present)))
    if gaps.size:
        raise DataError(
            f"{path}: y_train has label {present[gaps[0]]} but no label {gaps[0]}",
            "number the classes from 0 without gaps, or add an array class_names",
        )
    return tuple(str(label) for label in present)


def _tell_of_darkness(path: Path, parts: Mapping[str, Images], progress: Progress) -> None:
    """Notes images all but black: whole numbers 0 and 1 are two of 256 levels, not black and white.

    Nobody can know it from the numbers alone, so that they are read as they are.
    """
    highest = {key: int(part.images.max()) for key, part in parts.items()}
    dark = [key for key, value in highest.items() if value <= 1]
    if dark:
        others = [
            f" ({key} has up to {value})" for key, value in highest.items() if key not in dark
        ]
        progress.note(
            f"{path}: no value of {' and '.join(dark)} is above 1 of 255{''.join(others)}, so that "
            "the images are all but black; if 1 means white, save images * 255"
        )
