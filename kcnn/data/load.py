"""From a recipe's data settings to a dataset in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.data.cannot_read import cannot_read
from kcnn.data.catalog import NAMED_DATASETS, Format, NamedDataset
from kcnn.data.cifar import read_cifar
from kcnn.data.cifar_python import read_cifar_python
from kcnn.data.convert import convert_images
from kcnn.data.dataset import Dataset, Images
from kcnn.data.description import FOLDER_CHANNELS
from kcnn.data.digits import read_digits
from kcnn.data.file_dataset import open_files
from kcnn.data.file_images import FileFormat
from kcnn.data.folds import take_fold
from kcnn.data.idx import read_idx_dataset
from kcnn.data.list_files import list_files
from kcnn.data.listing import FileListing
from kcnn.data.locate import StoredDataset, data_directories, locate_or_download
from kcnn.data.members import how_to_replace
from kcnn.data.npz import read_npz
from kcnn.data.parts import PARTS
from kcnn.errors import DataError
from kcnn.progress import Progress
from kcnn.recipe.data_settings import DATASETS_OF_FILES

if TYPE_CHECKING:
    from kcnn.recipe.data_settings import DataSettings


def load_dataset(
    settings: DataSettings,
    data_dir: Path | None,
    progress: Progress,
    listing: FileListing | None = None,
    parts: Collection[str] = PARTS,
) -> Dataset:
    """Find or download a dataset, read it, and convert it to the size and colors of a recipe.

    Args:
        settings: The recipe's data settings, free of conflicts as `kcnn.recipe.read_recipe` leaves
            them.
        data_dir: The folder in which datasets are looked for first.
        progress: Shows downloads and long reading.
        listing: The files of a folder, where they were listed already.
        parts: Which parts will be read: `train`, `validation`, `test`. Files of others are not
            looked at.

    Raises:
        DataError: The dataset cannot be found, downloaded or read, or --data-dir is no directory.
    """
    data_directories(data_dir)
    if settings.fold is not None and "test" in parts:
        parts = {"train", *parts}  # which has the images to test
    try:
        dataset = _read(settings, data_dir, progress, listing, parts)
    except OSError as error:  # a folder that may not be read, or a name that is too long
        raise cannot_read(error.filename, error) from None

    if settings.fold is not None:
        dataset = take_fold(dataset, settings.fold)

    def convert(part: Images) -> Images:
        return convert_images(part, settings.image_size, settings.channels)

    return replace(
        dataset,
        train=convert(dataset.train),
        test=convert(dataset.test),
        validation=None if dataset.validation is None else convert(dataset.validation),
    )


def read_named(named: NamedDataset, data_dir: Path | None, progress: Progress) -> Dataset:
    """Read a named dataset in its own size and colors; download it if it is not on this machine.

    Args:
        named: The dataset.
        data_dir: The folder in which datasets are looked for first.
        progress: Shows downloads.

    Raises:
        DataError: It cannot be downloaded or read.
    """
    if not named.downloads:
        return read_digits()
    return read_stored(locate_or_download(named, data_dir, progress))


def read_stored(stored: StoredDataset) -> Dataset:
    """Read a named dataset from where it was found.

    Raises:
        DataError: Its files are damaged, or hold images or labels of another dataset.
    """
    dataset = _READERS[stored.layout.format](stored)
    _require_named(stored, "training", dataset.train)
    _require_named(stored, "test", dataset.test)
    return dataset


def _require_named(stored: StoredDataset, part: str, images: Images) -> None:
    expected, shape = stored.named, images.shape
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
        "for your own images: dataset: npz or dataset: folder",
    )


def _read(
    settings: DataSettings,
    data_dir: Path | None,
    progress: Progress,
    listing: FileListing | None,
    parts: Collection[str],
) -> Dataset:
    path, image_size = settings.path, settings.image_size
    if settings.dataset in DATASETS_OF_FILES:
        assert path is not None and image_size is not None  # as kcnn.recipe.rules requires
        return open_files(
            path,
            listing or list_files(settings.dataset, path),
            FileFormat(image_size, settings.channels or FOLDER_CHANNELS, settings.resize),
            progress,
            test=settings.test,
            skip_unreadable=settings.unreadable == "skip",
            parts=parts,
        )
    if settings.dataset == "npz":
        assert path is not None
        return read_npz(path, path.stem, progress=progress)
    return read_named(NAMED_DATASETS[settings.dataset], data_dir, progress)


def _read_named_npz(stored: StoredDataset) -> Dataset:
    return read_npz(stored.path, stored.named.name, stored.named.class_names)


_READERS: Mapping[Format, Callable[[StoredDataset], Dataset]] = {
    "npz": _read_named_npz,
    "idx": read_idx_dataset,
    "cifar_binary": read_cifar,
    "cifar_python": read_cifar_python,
}
