"""What is known of an .npz file of images before its arrays are read, and without NumPy."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.errors import DataError
from kcnn.files.npy_header import ObjectsError, read_shape, read_whole_numbers
from kcnn.files.zips import open_zip

KEYS = ("x_train", "y_train", "x_test", "y_test")
CLASS_NAMES = "class_names"

PLAIN_NAMES = "numpy.array(names, dtype=str) makes plain strings"
_PLAIN_IMAGES = "images.astype(numpy.uint8) makes plain numbers of images that are all of one size"
_PLAIN_LABELS = "labels.astype(int) makes plain numbers"
_WITHOUT_OBJECTS = {
    "x_train": _PLAIN_IMAGES,
    "x_test": _PLAIN_IMAGES,
    "y_train": _PLAIN_LABELS,
    "y_test": _PLAIN_LABELS,
    CLASS_NAMES: PLAIN_NAMES,
}

_MAX = 10**8  # bytes of labels that are read to count the classes

Shape = tuple[int, ...]


@dataclass(frozen=True)
class NpzHeader:
    """The shapes of the arrays in an .npz file.

    Args:
        image_shape: Height, width and channels.
        train_count: Number of training images.
        test_count: Number of test images.
        classes: Number of class names; of the different labels where the file has none; None where
            the labels are not numbered from 0 without gaps.
    """

    image_shape: tuple[int, int, int]
    train_count: int
    test_count: int
    classes: int | None


def read_npz_header(path: Path) -> NpzHeader:
    """Read the shapes of the arrays in an .npz file, and its labels if no names count the classes.

    Raises:
        DataError: The file or one of its arrays is missing, damaged or has another shape than
            images have.
        OSError: The file cannot be read.
    """
    require_npz(path)
    shapes: dict[str, Shape] = {}
    try:
        with open_zip(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            require_keys(path, names)
            for name in (*KEYS, CLASS_NAMES):
                if name in names:
                    shapes[name] = read_shape(archive, name)
            labels = None if CLASS_NAMES in names else read_whole_numbers(archive, "y_train", _MAX)
    except (DataError, OSError):
        raise
    except ObjectsError as error:
        raise DataError(f"{path}: {error}", how_to_fix(str(error))) from None
    # A damaged archive raises nearly anything.
    except Exception:
        problem = f"damaged; it has {path.stat().st_size:,} bytes"
        raise DataError(f"{path}: {problem}", how_to_fix(problem)) from None
    image_shape = require_image_array(f"{path}: x_train", shapes["x_train"])
    require_same_shape(path, image_shape, require_image_array(f"{path}: x_test", shapes["x_test"]))
    # Labels that are no numbers from 0 without gaps are a mistake, which reading them reports.
    classes = shapes[CLASS_NAMES][0] if len(shapes.get(CLASS_NAMES, ())) == 1 else None
    if labels is not None and labels == {*range(max(len(labels), 2))}:
        classes = len(labels)
    return NpzHeader(image_shape, shapes["x_train"][0], shapes["x_test"][0], classes)


def how_to_fix(problem: str) -> str:
    """Return a hint for an array that cannot be read.

    Args:
        problem: What is wrong with it, `x_train holds Python objects, …` for instance.
    """
    name = problem.partition(" holds Python objects")[0]
    return _WITHOUT_OBJECTS.get(name, "get it anew, or write it again")


def require_npz(path: Path) -> None:
    """Raise unless a path is a zip archive, as .npz files are.

    Raises:
        DataError: There is no such file, or another kind of file.
        OSError: It cannot be read.
    """
    if path.is_dir():
        raise DataError(
            f"{path}: is a folder, expected an .npz file", "dataset: folder reads folders of images"
        )
    if not path.is_file():
        raise DataError(
            f"{path}: no such file",
            "data.path names the .npz file: relative to the recipe or, on the command "
            "line, to the current folder",
        )
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{path}: not an .npz file, or cut off at {path.stat().st_size:,} bytes",
            "numpy.savez_compressed writes such files",
        )


def require_keys(path: Path, found: Sequence[str]) -> None:
    """Raise unless a file has images and labels of a training and a test set.

    Raises:
        DataError: An array is missing.
    """
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise DataError(
            f"{path}: no {', '.join(missing)} in it, expected {', '.join(KEYS)}; found "
            f"{', '.join(found) or 'nothing'}",
            "save it with numpy.savez_compressed(path, x_train=…, y_train=…, x_test=…, y_test=…)",
        )


def require_same_shape(path: Path, train: Shape, test: Shape) -> None:
    """Raise unless training and test images have the same height, width and channels.

    Args:
        path: The file, for the message.
        train: Height, width and channels of the training images.
        test: Those of the test images.

    Raises:
        DataError: They differ.
    """
    if train != test:
        raise DataError(
            f"{path}: x_train has images of shape {train}, x_test of {test}; expected the same"
        )


def require_image_array(array: str, shape: Shape) -> tuple[int, int, int]:
    """Return the height, width and channels of an array of images.

    Args:
        array: The file and the array in it, for the message.
        shape: (count, height, width) or (count, height, width, channels).

    Raises:
        DataError: It has another shape, or no values.
    """
    sides = (*shape, 1) if len(shape) == 3 else shape
    if len(sides) != 4 or sides[3] not in (1, 3):
        raise DataError(
            f"{array} has shape {shape}, expected (count, height, width) or (count, height, width, "
            "channels) with 1 or 3 channels",
            _how_to_reshape(shape),
        )
    if 0 in shape:
        raise DataError(f"{array} is empty: shape {shape}")
    _, height, width, channels = sides
    return height, width, channels


def _how_to_reshape(shape: Shape) -> str:
    if len(shape) != 4:
        return "numpy.reshape(images, (-1, height, width, channels)) makes images of rows"
    if shape[1] in (1, 3):
        return "numpy.transpose(images, (0, 2, 3, 1)) makes the channels the last axis"
    if shape[3] == 2:
        return "images[..., :1] leaves their transparency out"
    if shape[3] == 4:
        return "images[..., :3] leaves their transparency out"
    return "images[..., :3] keeps three channels, where the channels are last"
