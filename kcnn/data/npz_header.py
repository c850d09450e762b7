"""What is known of an .npz file of images before its arrays are read, and without NumPy."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.data.parts import Part
from kcnn.errors import DataError
from kcnn.files.npy_header import ObjectsError, count_whole_numbers, read_shape
from kcnn.files.zips import open_zip

ArrayNames = Mapping[Part, tuple[str, str]]
# What Keras and MedMNIST call the arrays of images and labels of each part.
KERAS_NAMES: ArrayNames = {
    "train": ("x_train", "y_train"),
    "validation": ("x_val", "y_val"),
    "test": ("x_test", "y_test"),
}
MEDMNIST_NAMES: ArrayNames = {
    "train": ("train_images", "train_labels"),
    "validation": ("val_images", "val_labels"),
    "test": ("test_images", "test_labels"),
}
CLASS_NAMES = "class_names"

PLAIN_NAMES = "numpy.array(names, dtype=str) makes plain strings"
_PLAIN_IMAGES = "images.astype(numpy.uint8) makes plain numbers of images that are all of one size"
_PLAIN_LABELS = "labels.astype(int) makes plain numbers"
_WITHOUT_OBJECTS = {CLASS_NAMES: PLAIN_NAMES} | {
    array: hint
    for arrays in (KERAS_NAMES, MEDMNIST_NAMES)
    for pair in arrays.values()
    for array, hint in zip(pair, (_PLAIN_IMAGES, _PLAIN_LABELS), strict=True)
}

_MAX = 10**8  # bytes of labels that are read to count the classes

Shape = tuple[int, ...]


@dataclass(frozen=True)
class NpzHeader:
    """The shapes of the arrays in an .npz file.

    Args:
        image_shape: Height, width and channels.
        arrays: The names of the arrays of each part that the file has.
        counts: Number of images of each of these parts.
        classes: Number of class names; of the different labels where the file has none; None where
            the labels are not numbered from 0 without gaps.
        labels: Number of training images by label; empty if the labels are not whole numbers.
    """

    image_shape: tuple[int, int, int]
    arrays: ArrayNames
    counts: Mapping[Part, int]
    classes: int | None
    labels: Mapping[int, int]


def read_npz_header(path: Path) -> NpzHeader:
    """Read the shapes of the arrays in an .npz file, and its training labels.

    Raises:
        DataError: The file or one of its arrays is missing, damaged or has another shape than
            images have.
        OSError: The file cannot be read.
    """
    require_npz(path)
    try:
        with open_zip(path) as archive:
            names = [name.removesuffix(".npy") for name in archive.namelist()]
            arrays = find_arrays(path, names)
            wanted = {CLASS_NAMES, *(name for pair in arrays.values() for name in pair)}
            shapes = {name: read_shape(archive, name) for name in names if name in wanted}
            labels = count_whole_numbers(archive, arrays["train"][1], _MAX) or {}
    except (DataError, OSError):
        raise
    except ObjectsError as error:
        raise DataError(f"{path}: {error}", how_to_fix(str(error))) from None
    # A damaged archive raises nearly anything.
    except Exception:
        problem = f"damaged; it has {path.stat().st_size:,} bytes"
        raise DataError(f"{path}: {problem}", how_to_fix(problem)) from None
    image_shapes = {
        part: require_image_array(f"{path}: {images}", shapes[images])
        for part, (images, _) in arrays.items()
    }
    for _, labels_name in arrays.values():
        require_label_array(f"{path}: {labels_name}", shapes[labels_name])
    for part, shape in image_shapes.items():
        if shape != image_shapes["train"]:
            raise DataError(
                f"{path}: {arrays['train'][0]} has images of shape {image_shapes['train']}, "
                f"{arrays[part][0]} of {shape}; expected the same",
                "resize the images to one size before you save them",
            )
    # Labels that are no numbers from 0 without gaps are a mistake, which reading them reports.
    classes = shapes[CLASS_NAMES][0] if len(shapes.get(CLASS_NAMES, ())) == 1 else None
    if CLASS_NAMES not in shapes and labels.keys() == {*range(max(len(labels), 2))}:
        classes = len(labels)
    counts = {part: shapes[images][0] for part, (images, _) in arrays.items()}
    return NpzHeader(image_shapes["train"], arrays, counts, classes, labels)


def require_label_array(array_name: str, shape: Shape) -> None:
    """Raise unless an array has one number for each image.

    Args:
        array_name: The file and the array in it, for the message.
        shape: The array's shape.

    Raises:
        DataError: It has another shape, such as that of several labels an image.
    """
    if len(shape) != 1 and (len(shape) != 2 or shape[1] != 1):
        raise DataError(
            f"{array_name} has shape {shape}, expected (count,) or (count, 1)",
            "numpy.argmax(labels, axis=1) makes labels of one-hot vectors; images with several "
            "labels need dataset: csv",
        )


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


def find_arrays(path: Path, found: Sequence[str]) -> ArrayNames:
    """Find what a file calls its images and labels.

    Args:
        path: The file, for the message.
        found: The names of its arrays.

    Returns:
        The names for the parts that the file has: `train` and `test`, perhaps `validation`.

    Raises:
        DataError: An array is missing.
    """

    def count(names: ArrayNames) -> int:
        return sum(name in found for pair in names.values() for name in pair)

    names = max(KERAS_NAMES, MEDMNIST_NAMES, key=count)
    parts = {
        part: pair
        for part, pair in names.items()
        if part != "validation" or any(name in found for name in pair)
    }
    wanted = [name for pair in parts.values() for name in pair]
    missing = [name for name in wanted if name not in found]
    if missing:
        raise DataError(
            f"{path}: no {', '.join(missing)} in it, expected {', '.join(wanted)}; found "
            f"{', '.join(found) or 'nothing'}",
            "save it with numpy.savez_compressed(path, x_train=…, y_train=…, x_test=…, y_test=…)",
        )
    return parts


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
        raise DataError(f"{array} is empty: shape {shape}", "save it with images in it")
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
