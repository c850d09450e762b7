"""Folders of images: a sub-folder a class, with or without `train` and `test` above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kcnn.data.class_folders import ClassFolders, find_class_folders
from kcnn.data.convert import empty_images
from kcnn.data.dataset import Dataset, Images
from kcnn.data.images import (
    images_below,
    images_in,
    kinds_named,
    left_out,
    read_image,
    unreadable,
)
from kcnn.data.splits import take_stratified
from kcnn.errors import DataError
from kcnn.progress import Advance, Progress

SPLIT_SEED = 0


@dataclass(frozen=True)
class _Files:
    """Image files and their labels, in the order of classes and names."""

    paths: list[Path]
    labels: np.ndarray


def read_folder(
    path: Path,
    image_size: tuple[int, int],
    channels: int,
    test: float,
    progress: Progress,
) -> Dataset:
    """Reads a folder of images.

    Either `path/train/CLASS/…` and `path/test/CLASS/…`, or `path/CLASS/…`, of which a fixed share
    of every class becomes the test set. Classes and files are sorted by name.

    Args:
        path: The folder.
        image_size: Height and width to resize to.
        channels: 1 for grey, 3 for red, green, blue.
        test: The share that becomes the test set when there is no `test` folder.
        progress: Told of every image read, and of folders and files that are left out.

    Raises:
        DataError: There are not two classes with images, a part of the set would not be read as
            such, images cannot be read, or so small a share is none.
    """
    train, held_out, class_names = _find_files(path, test, progress)
    total = len(train.paths) + len(held_out.paths)
    refused: list[DataError] = []
    with progress.task(f"Reading {path.name}", total, "images") as advance:
        parts = [
            Images(_read(files.paths, image_size, channels, advance, refused), files.labels)
            for files in (train, held_out)
        ]
    if refused:
        raise unreadable(refused, total)
    return Dataset(path.resolve().name, parts[0], parts[1], class_names, str(path))


def _find_files(
    path: Path, test: float, progress: Progress
) -> tuple[_Files, _Files, tuple[str, ...]]:
    found = find_class_folders(path)
    _tell_not_read(path, found, progress)
    class_names = found.class_names
    train = _list_files(found.train, class_names, progress)
    if found.test is not None:
        return train, _list_files(found.test, class_names, progress), class_names
    chosen = take_stratified(train.labels, float(test), SPLIT_SEED, "data.test")
    return _select(train, ~chosen), _select(train, chosen), class_names


def _tell_not_read(path: Path, found: ClassFolders, progress: Progress) -> None:
    if found.not_read:
        progress.note(
            f"{path}: left out {', '.join(found.not_read[:10])}: beside train only test is read; "
            "data.validation takes its images from train"
        )
    for folder in {path: None, found.train: None, found.test: None}:
        if folder is not None and (count := len(images_in(folder))):
            images = "1 image that lies" if count == 1 else f"{count:,} images that lie"
            progress.note(f"{folder}: left out {images} beside the folders of the classes")


def _list_files(folder: Path, class_names: Sequence[str], progress: Progress) -> _Files:
    paths: list[Path] = []
    labels: list[int] = []
    others: Counter[str] = Counter()
    for label, name in enumerate(class_names):
        inside, beside = images_below(folder / name)
        if not inside:
            raise _without_images(folder / name, beside)
        paths += inside
        labels += [label] * len(inside)
        others.update(beside)
    if others:
        progress.note(f"{folder}: {left_out(others)}")
    return _Files(paths, np.array(labels, np.int32))


def _without_images(folder: Path, others: Mapping[str, int]) -> DataError:
    message = f"{folder}: no PNG, JPEG, BMP or GIF images for this class"
    if not others:
        return DataError(message, "add some, or leave the class out everywhere")
    return DataError(
        f"{message}, but {kinds_named(others)}",
        "save those that are images as PNG or JPEG, or leave the class out everywhere",
    )


def _select(files: _Files, chosen: np.ndarray) -> _Files:
    paths = [path for path, is_chosen in zip(files.paths, chosen, strict=True) if is_chosen]
    return _Files(paths, files.labels[chosen])


def _read(
    paths: Sequence[Path],
    size: tuple[int, int],
    channels: int,
    advance: Advance,
    refused: list[DataError],
) -> np.ndarray:
    """Reads images; those that cannot be read go to `refused`, so that all are told at once."""
    images = empty_images(len(paths), size, channels)
    for index, path in enumerate(paths):
        try:
            images[index] = read_image(path, size, channels)
        except DataError as error:
            refused.append(error)
        advance(1)
    return images
