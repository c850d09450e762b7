"""Folders of images: a sub-folder a class, with or without `train` and `test` above them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kcnn.data.convert import empty_images
from kcnn.data.dataset import Dataset, Images
from kcnn.data.images import images_below, read_image
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
    image_size: tuple[int, int] | None,
    channels: int,
    test: float,
    progress: Progress,
) -> Dataset:
    """Reads a folder of images.

    Either `path/train/CLASS/…` and `path/test/CLASS/…`, or `path/CLASS/…`, of which a fixed share
    of every class becomes the test set. Classes and files are sorted by name.

    Args:
        path: The folder.
        image_size: Height and width to resize to; None needs images that are all alike.
        channels: 1 for grey, 3 for red, green, blue.
        test: The share that becomes the test set when there is no `test` folder.
        progress: Told of every image read.

    Raises:
        DataError: There are not two classes with images, an image cannot be read, or sizes differ.
    """
    if not path.is_dir():
        raise DataError(f"{path}: no such folder", "data.path names the folder of images")
    train, held_out, class_names = _find_files(path, test)
    size = image_size or _common_size(train.paths[0], channels)
    total = len(train.paths) + len(held_out.paths)
    with progress.task(f"Reading {path.name}", total, "images") as advance:
        parts = [
            Images(
                _read(files.paths, size, image_size is not None, channels, advance), files.labels
            )
            for files in (train, held_out)
        ]
    return Dataset(path.resolve().name, parts[0], parts[1], class_names, str(path))


def _find_files(path: Path, test: float) -> tuple[_Files, _Files, tuple[str, ...]]:
    if _class_folders(path / "train"):
        class_names = _class_names(path / "train")
        train = _list_files(path / "train", class_names)
        if (path / "test").is_dir():
            _require_known_classes(path / "test", class_names)
            return train, _list_files(path / "test", class_names), class_names
    else:
        class_names = _class_names(path)
        train = _list_files(path, class_names)
    chosen = take_stratified(train.labels, float(test), SPLIT_SEED, "data.test")
    return _select(train, ~chosen), _select(train, chosen), class_names


def _class_names(folder: Path) -> tuple[str, ...]:
    names = tuple(child.name for child in _class_folders(folder))
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
    unknown = [child for child in _class_folders(folder) if child.name not in class_names]
    if unknown:
        raise DataError(
            f"{unknown[0]}: a class without training images",
            f"the classes in train are {', '.join(class_names[:10])}",
        )


def _list_files(folder: Path, class_names: Sequence[str]) -> _Files:
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(class_names):
        inside = images_below(folder / name)
        if not inside:
            raise DataError(
                f"{folder / name}: no PNG, JPEG, BMP or GIF images for this class",
                "add some, or leave the class out everywhere",
            )
        paths += inside
        labels += [label] * len(inside)
    return _Files(paths, np.array(labels, np.int32))


def _select(files: _Files, chosen: np.ndarray) -> _Files:
    paths = [path for path, is_chosen in zip(files.paths, chosen, strict=True) if is_chosen]
    return _Files(paths, files.labels[chosen])


def _common_size(first: Path, channels: int) -> tuple[int, int]:
    height, width, _ = read_image(first, None, channels).shape
    return height, width


def _read(
    paths: Sequence[Path],
    size: tuple[int, int],
    is_resized: bool,
    channels: int,
    advance: Advance,
) -> np.ndarray:
    images = empty_images(len(paths), size, channels)
    for index, path in enumerate(paths):
        image = read_image(path, size if is_resized else None, channels)
        if image.shape[:2] != size:
            raise DataError(
                f"{path}: {image.shape[0]}×{image.shape[1]} pixels, the first image has "
                f"{size[0]}×{size[1]}",
                "say what size all shall have: data.image_size=[64,64]",
            )
        images[index] = image
        advance(1)
    return images
