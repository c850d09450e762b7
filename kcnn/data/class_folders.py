"""Folders of images: which sub-folders are classes, and which are parts of a dataset."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.errors import DataError

# Names of folders that are parts of a dataset, in any case; a class may have one, but not all may.
SPLIT_WORDS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})
# What a folder beside train is called when it is one of the two that are read.
_READ_AS = {"train": "train", "training": "train", "test": "test", "testing": "test"}


@dataclass(frozen=True)
class ClassFolders:
    """The folders that hold the images of each class.

    Args:
        train: The folder that has a folder for each class.
        test: The same with test images; None where a fraction of the others becomes the test set.
        class_names: The names of these folders, sorted.
        not_read: Names of other folders beside `train`.
    """

    train: Path
    test: Path | None
    class_names: tuple[str, ...]
    not_read: tuple[str, ...] = ()


def find_class_folders(path: Path) -> ClassFolders:
    """Find the classes of a folder: `path/train/CLASS` and `path/test/CLASS`, or `path/CLASS`.

    Args:
        path: The folder.

    Raises:
        DataError: It does not exist, does not have two classes, or has parts of a dataset that
            would not be read as such.
        OSError: It cannot be read.
    """
    _require_folder(path)
    folders = {folder.name: folder for folder in _folders_in(path)}
    if "train" not in folders or not _folders_in(folders["train"]):
        return ClassFolders(path, None, _class_names(path))
    others = tuple(name for name in folders if name not in ("train", "test"))
    _require_spelling(path, others, folders)
    class_names = _class_names(folders["train"])
    test = folders.get("test")
    if test is not None:
        _require_known_classes(test, class_names)
    return ClassFolders(folders["train"], test, class_names, others)


def _require_folder(path: Path) -> None:
    if path.is_dir():
        return
    if path.exists():
        raise DataError(
            f"{path}: is a file, expected a folder of images",
            "dataset: npz reads .npz files"
            if path.suffix == ".npz"
            else "data.path names the folder of images; unpack an archive first",
        )
    raise DataError(
        f"{path}: no such folder",
        "data.path names the folder of images: relative to the recipe or, on the command "
        "line, to the current folder",
    )


def _folders_in(folder: Path) -> list[Path]:
    # Looks up no single file, of which there may be a hundred thousand.
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir()]
    return [folder / name for name in sorted(names) if not name.startswith(".")]


def _require_spelling(path: Path, names: Sequence[str], existing: Collection[str]) -> None:
    """Raise for `Test` and the like, or a fraction of train would become the test set instead."""
    for name in names:
        meant = _READ_AS.get(name.lower())
        if meant is None:
            continue
        fix = f"move its images into {meant}" if meant in existing else f"rename it to {meant}"
        raise DataError(
            f"{path / name}: not read under this name; beside train only test is read",
            f"{fix}; to leave it out, give it a name such as unused",
        )


def _class_names(folder: Path) -> tuple[str, ...]:
    names = tuple(child.name for child in _folders_in(folder))
    if names and all(name.lower() in SPLIT_WORDS for name in names):
        raise DataError(
            f"{folder}: the sub-folders {', '.join(names)} are parts of a dataset, not classes",
            "rename them to train and test, each with a folder for every class",
        )
    if len(names) < 2:
        raise DataError(
            f"{folder}: {len(names)} sub-folder(s), expected one for each of two classes or more",
            "sort the images into folders named after their classes",
        )
    return names


def _require_known_classes(folder: Path, class_names: Sequence[str]) -> None:
    found, classes = _folders_in(folder), ", ".join(class_names[:10])
    fix = f"or remove or rename {folder}: a fraction of train then becomes the test set"
    if not found:
        raise DataError(
            f"{folder}: no sub-folders, expected one for each class",
            f"sort its images into {classes}; {fix}",
        )
    unknown = [child for child in found if child.name not in class_names]
    if unknown:
        raise DataError(
            f"{unknown[0]}: a class without training images",
            f"the classes in train are {classes}; {fix}",
        )
