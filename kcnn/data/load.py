"""From a recipe's data settings to a data set in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from kcnn.data.catalog import NAMED_SETS, Format, NamedSet
from kcnn.data.cifar import read_cifar
from kcnn.data.cifar_python import read_cifar_python
from kcnn.data.convert import convert_images
from kcnn.data.dataset import Dataset
from kcnn.data.digits import read_digits
from kcnn.data.download import locate_or_download
from kcnn.data.folder import read_folder
from kcnn.data.idx import read_idx_set
from kcnn.data.locate import Location, data_directories
from kcnn.data.npz import read_npz
from kcnn.errors import DataError
from kcnn.progress import Progress

FOLDER_CHANNELS = 3


class DataRequest(Protocol):
    """What a recipe says of its data, as far as loading goes."""

    @property
    def dataset(self) -> str:
        """A named set, `folder` or `npz`."""

    @property
    def path(self) -> Path | None:
        """The folder or the .npz file."""

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width that every image is resized to; None keeps the set's own."""

    @property
    def channels(self) -> int | None:
        """1 or 3; None keeps the set's own, and means 3 for a folder."""

    @property
    def test(self) -> float:
        """The share of a folder that becomes the test set."""


def load_dataset(request: DataRequest, data_dir: Path | None, progress: Progress) -> Dataset:
    """Finds or downloads a set, reads it and brings it to the size and colours asked for.

    Args:
        request: The recipe's data settings.
        data_dir: What --data-dir says, if anything.
        progress: Told of downloads and of long reading.

    Raises:
        DataError: The set cannot be found, downloaded or read, or --data-dir is no directory.
    """
    data_directories(data_dir)
    try:
        dataset = _read(request, data_dir, progress)
    except OSError as error:  # a folder that may not be entered, or a name that is too long
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None
    return replace(
        dataset,
        train=convert_images(dataset.train, request.image_size, request.channels),
        test=convert_images(dataset.test, request.image_size, request.channels),
    )


def named_set(name: str) -> NamedSet:
    """Looks a named set up.

    Raises:
        DataError: There is none of that name.
    """
    try:
        return NAMED_SETS[name]
    except KeyError:
        raise DataError(
            f"{name}: no such data set", f"the named sets are {', '.join(NAMED_SETS)}"
        ) from None


def read_named(wanted: NamedSet, data_dir: Path | None, progress: Progress) -> Dataset:
    """Reads a named set in its own size and colours; downloads it when it is nowhere.

    Raises:
        DataError: The set cannot be downloaded or read.
    """
    if not wanted.downloads:
        return read_digits()
    return read_located(locate_or_download(wanted, data_dir, progress))


def read_located(location: Location) -> Dataset:
    """Reads a set from where it was found.

    Raises:
        DataError: Its files are damaged, or hold images or labels of another set.
    """
    dataset = _READERS[location.layout.format](location)
    expected = location.named_set
    if dataset.image_shape != expected.image_shape:
        raise DataError(
            f"{location.path}: images of shape {dataset.image_shape}, expected "
            f"{expected.image_shape} for {expected.name}",
            "data of your own: dataset: npz or dataset: folder",
        )
    for part in (dataset.train, dataset.test):
        if part.labels.max() >= len(expected.class_names):
            raise DataError(
                f"{location.path}: label {part.labels.max()} found, expected 0 to "
                f"{len(expected.class_names) - 1} for {expected.name}",
                "data of your own: dataset: npz or dataset: folder",
            )
    return dataset


def _read(request: DataRequest, data_dir: Path | None, progress: Progress) -> Dataset:
    if request.dataset == "folder":
        return read_folder(
            _path(request),
            request.image_size,
            request.channels or FOLDER_CHANNELS,
            request.test,
            progress,
        )
    if request.dataset == "npz":
        path = _path(request)
        return read_npz(path, path.stem)
    return read_named(named_set(request.dataset), data_dir, progress)


def _read_npz_set(location: Location) -> Dataset:
    return read_npz(location.path, location.named_set.name, location.named_set.class_names)


_READERS: Mapping[Format, Callable[[Location], Dataset]] = {
    "npz": _read_npz_set,
    "idx": read_idx_set,
    "cifar_binary": read_cifar,
    "cifar_python": read_cifar_python,
}


def _path(request: DataRequest) -> Path:
    if request.path is None:
        raise DataError(
            f"data.path: missing, and dataset: {request.dataset} needs it",
            "name the folder of images" if request.dataset == "folder" else "name the .npz file",
        )
    return request.path
