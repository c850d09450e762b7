"""From a recipe's data settings to a data set in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.data.catalog import NAMED_DATASETS, Format, NamedDataset
from kcnn.data.cifar import read_cifar
from kcnn.data.cifar_python import read_cifar_python
from kcnn.data.convert import convert_images
from kcnn.data.dataset import Dataset, Images
from kcnn.data.digits import read_digits
from kcnn.data.download import locate_or_download
from kcnn.data.folder import read_folder
from kcnn.data.idx import read_idx_set
from kcnn.data.locate import StoredDataset, data_directories
from kcnn.data.members import how_to_replace
from kcnn.data.npz import read_npz
from kcnn.errors import DataError
from kcnn.progress import Progress

if TYPE_CHECKING:
    from kcnn.recipe.schema import DataSettings

FOLDER_CHANNELS = 3


def load_dataset(settings: DataSettings, data_dir: Path | None, progress: Progress) -> Dataset:
    """Finds or downloads a set, reads it and brings it to the size and colours asked for.

    Args:
        settings: The recipe's data settings, free of conflicts as `kcnn.recipe.read_recipe` leaves
            them.
        data_dir: What --data-dir says, if anything.
        progress: Told of downloads and of long reading.

    Raises:
        DataError: The set cannot be found, downloaded or read, or --data-dir is no directory.
    """
    data_directories(data_dir)
    try:
        dataset = _read(settings, data_dir, progress)
    except OSError as error:  # a folder that may not be entered, or a name that is too long
        raise DataError(f"{error.filename}: cannot be read: {error.strerror}") from None
    return replace(
        dataset,
        train=convert_images(dataset.train, settings.image_size, settings.channels),
        test=convert_images(dataset.test, settings.image_size, settings.channels),
    )


def read_named(wanted: NamedDataset, data_dir: Path | None, progress: Progress) -> Dataset:
    """Reads a named set in its own size and colours; downloads it when it is nowhere.

    Raises:
        DataError: The set cannot be downloaded or read.
    """
    if not wanted.downloads:
        return read_digits()
    return read_stored(locate_or_download(wanted, data_dir, progress))


def read_stored(stored: StoredDataset) -> Dataset:
    """Reads a set from where it was found.

    Raises:
        DataError: Its files are damaged, or hold images or labels of another set.
    """
    dataset = _READERS[stored.layout.format](stored)
    _require_set(stored, "training", dataset.train)
    _require_set(stored, "test", dataset.test)
    return dataset


def _require_set(stored: StoredDataset, part: str, images: Images) -> None:
    expected, shape = stored.named, images.images.shape[1:]
    classes = len(expected.class_names)
    if not len(images):
        raise DataError(f"{stored.path}: no {part} images in it", how_to_replace(stored))
    if shape != expected.image_shape:
        problem = f"{part} images of shape {shape}, expected {expected.image_shape}"
    elif images.labels.max() >= classes:
        problem = f"label {images.labels.max()} found, expected 0 to {classes - 1}"
    else:
        return
    raise DataError(
        f"{stored.path}: {problem} for {expected.name}",
        "data of your own: dataset: npz or dataset: folder",
    )


def _read(settings: DataSettings, data_dir: Path | None, progress: Progress) -> Dataset:
    path, image_size = settings.path, settings.image_size
    if settings.dataset == "folder":
        assert path is not None and image_size is not None  # as kcnn.recipe.rules wants it
        channels = settings.channels or FOLDER_CHANNELS
        return read_folder(path, image_size, channels, settings.test, progress)
    if settings.dataset == "npz":
        assert path is not None
        return read_npz(path, path.stem, progress=progress)
    return read_named(NAMED_DATASETS[settings.dataset], data_dir, progress)


def _read_npz_set(stored: StoredDataset) -> Dataset:
    return read_npz(stored.path, stored.named.name, stored.named.class_names)


_READERS: Mapping[Format, Callable[[StoredDataset], Dataset]] = {
    "npz": _read_npz_set,
    "idx": read_idx_set,
    "cifar_binary": read_cifar,
    "cifar_python": read_cifar_python,
}
