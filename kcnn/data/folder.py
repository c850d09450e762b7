"""Folders of images: a sub-folder a class, with or without `train` and `test` above them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kcnn.data.convert import empty_images
from kcnn.data.dataset import Dataset, Images
from kcnn.data.images import images_below, left_out, read_image, unreadable
from kcnn.data.splits import take_stratified
from kcnn.errors import DataError
from kcnn.progress import Advance, Progress

SPLIT_SEED = 0
# Names of folders that are parts of a data set, in any case; a class may have one, but not all.
SPLIT_WORDS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})


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
        DataError: There are not two classes with images, or images cannot be read.
    """
    if not path.is_dir():
        raise DataError(f"{path}: no such folder", "data.path names the folder of images")
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
    folders = {folder.name: folder for folder in _class_folders(path)}
    if "train" in folders and _class_folders(folders["train"]):
        _tell_not_used(path, [name for name in folders if name not in ("train", "test")], progress)
        class_names = _class_names(folders["train"])
        train = _list_files(folders["train"], class_names, progress)
        if "test" in folders:
            _require_known_classes(folders["test"], class_names)
            return train, _list_files(folders["test"], class_names, progress), class_names
    else:
        class_names = _class_names(path)
        train = _list_files(path, class_names, progress)
    chosen = take_stratified(train.labels, float(test), SPLIT_SEED, "data.test")
    return _select(train, ~chosen), _select(train, chosen), class_names


def _tell_not_used(path: Path, names: Sequence[str], progress: Progress) -> None:
    if names:
        progress.note(
            f"{path}: left out {', '.join(names[:10])}: beside train only test is read; "
            "data.validation takes its images from train"
        )


def _class_names(folder: Path) -> tuple[str, ...]:
    names = tuple(child.name for child in _class_folders(folder))
    if names and all(name.lower() in SPLIT_WORDS for name in names):
        raise DataError(
            f"{folder}: the sub-folders {', '.join(names)} are parts of a data set, not classes",
            "rename them to train and test, each with a folder for every class",
        )
    if len(names) < 2:
        raise DataError(
            f"{folder}: {len(names)} sub-folder(s), expected one for each of two classes or more",
            "sort the images into folders named after their classes",
        )
    return names


def _class_folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        child for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")
    )


def _require_known_classes(folder: Path, class_names: Sequence[str]) -> None:
    found, classes = _class_folders(folder), ", ".join(class_names[:10])
    way_out = f"or remove or rename {folder}: a share of train then becomes the test set"
    if not found:
        raise DataError(
            f"{folder}: no sub-folders named after the classes, which say what its images show",
            f"sort them into {classes}; {way_out}",
        )
    unknown = [child for child in found if child.name not in class_names]
    if unknown:
        raise DataError(
            f"{unknown[0]}: a class without training images",
            f"the classes in train are {classes}; {way_out}",
        )


def _list_files(folder: Path, class_names: Sequence[str], progress: Progress) -> _Files:
    paths: list[Path] = []
    labels: list[int] = []
    others: Counter[str] = Counter()
    for label, name in enumerate(class_names):
        inside, beside = images_below(folder / name)
        if not inside:
            raise DataError(
                f"{folder / name}: no PNG, JPEG, BMP or GIF images for this class",
                "add some, or leave the class out everywhere",
            )
        paths += inside
        labels += [label] * len(inside)
        others.update(beside)
    if others:
        progress.note(f"{folder}: {left_out(others)}")
    return _Files(paths, np.array(labels, np.int32))


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
