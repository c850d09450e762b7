"""What is known of a dataset before any image is read, and without NumPy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kcnn.data.cannot_read import cannot_read
from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.class_folders import find_class_folders
from kcnn.data.counts import resolve_count
from kcnn.data.folder_scan import FolderScan
from kcnn.data.list_files import list_files
from kcnn.data.listing import FileListing
from kcnn.data.npz_header import read_npz_header
from kcnn.errors import DataError
from kcnn.recipe.data_settings import DATASETS_OF_FILES

if TYPE_CHECKING:
    from kcnn.data.dataset import Dataset
    from kcnn.recipe.data_settings import DataSettings

FOLDER_CHANNELS = 3


@dataclass(frozen=True)
class ImageDescription:
    """What is known of a dataset; None where only its images or labels show it.

    Args:
        image_shape: Height, width and channels of the images, as the model takes them.
        classes: Number of classes.
        train_count: Number of training images, before some are set apart for validation.
        test_count: Number of test images.
        path: The folder or file of a dataset that has no name.
        listing: The files of a folder or CSV.
        validation_count: Number of validation images that the dataset has of its own; None if it
            has none, so that `data.validation` may take some from training.
        several_labels: What shows that an image may have several labels, for messages; None if each
            has one class.
    """

    image_shape: tuple[int, int, int] | None
    classes: int | None
    train_count: int | None = None
    test_count: int | None = None
    path: Path | None = None
    listing: FileListing | None = None
    validation_count: int | None = None
    several_labels: str | None = None

    def confirm(self, dataset: Dataset) -> None:
        """Compare a dataset with its description.

        A named dataset may have fewer images than the original, which is no error.

        Raises:
            DataError: They differ, since the files changed in between.
        """
        known = [
            ("images of shape", self.image_shape, dataset.image_shape),
            ("classes:", self.classes, len(dataset.class_names)),
        ]
        if self.path is not None and not dataset.skipped:
            known += [
                ("training images:", self.train_count, len(dataset.train)),
                ("test images:", self.test_count, len(dataset.test)),
            ]
        for what, described, found in known:
            if described is not None and found != described:
                raise DataError(
                    f"{dataset.source}: {what} {found}, and {described} a moment ago",
                    "start again when nothing changes the files any more",
                )


def describe_settings(data: DataSettings) -> ImageDescription:
    """Describe a dataset by its settings and the catalog alone, without looking at files."""
    named = NAMED_DATASETS.get(data.dataset)
    if named is None:
        channels = FOLDER_CHANNELS if data.dataset in DATASETS_OF_FILES else None
        return ImageDescription(_shape(data, (None, None, channels)), None, path=data.path)
    return ImageDescription(
        _shape(data, named.image_shape),
        len(named.class_names),
        named.train_count,
        named.test_count,
    )


def describe_images(data: DataSettings, count: bool = True) -> ImageDescription:
    """Describe a dataset by its settings, its files' names and the header of an .npz file.

    Args:
        data: The settings.
        count: Whether to list the files of a folder; a million of them take seconds.

    Raises:
        CountError: A folder has too few images for `data.test`.
        DataError: The files are not there, cannot be read or are no dataset.
    """
    described = _describe_whole(data, count)
    if data.fold is None:
        return described
    return replace(described, train_count=None, test_count=None)  # the labels decide


def _describe_whole(data: DataSettings, count: bool) -> ImageDescription:
    if data.path is None:
        return describe_settings(data)
    try:
        if data.dataset in DATASETS_OF_FILES:
            if data.dataset == "folder" and not count:
                class_names = find_class_folders(data.path, FolderScan()).class_names
                return replace(describe_settings(data), classes=len(class_names))
            return _describe_files(data, list_files(data.dataset, data.path))
        header = read_npz_header(data.path)
    except OSError as error:  # a folder that may not be read, or a name that is too long
        raise cannot_read(error.filename, error) from None
    return ImageDescription(
        _shape(data, header.image_shape),
        header.classes,
        header.counts["train"],
        header.counts["test"],
        data.path,
        validation_count=header.counts.get("validation"),
    )


def _describe_files(data: DataSettings, listing: FileListing) -> ImageDescription:
    classes = len(listing.class_names)
    train_count, test_count = (
        len(listing.train),
        None if listing.test is None else len(listing.test),
    )
    if test_count is None:
        if listing.train.is_plain:
            test_count = resolve_count(data.test, train_count, classes, "data.test")
            train_count -= test_count
        else:
            from kcnn.data.file_split import set_test_files_apart  # imports NumPy

            listing = set_test_files_apart(listing, data.test)
            train_count, test_count = len(listing.train), len(listing.test or ())
    return replace(
        describe_settings(data),
        classes=classes,
        train_count=train_count,
        test_count=test_count,
        validation_count=None if listing.validation is None else len(listing.validation),
        path=data.path,
        listing=listing,
        several_labels=listing.several_labels,
    )


def _shape(
    data: DataSettings, own: tuple[int | None, int | None, int | None]
) -> tuple[int, int, int] | None:
    height, width = data.image_size or own[:2]
    channels = data.channels or own[2]
    if height is None or width is None or channels is None:
        return None
    return height, width, channels
