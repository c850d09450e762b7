"""The image files in a folder of classes, listed once, for `kcnn check` as for reading them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from kcnn.data.class_folders import ClassFolders, find_class_folders
from kcnn.data.image_files import describe_kinds, describe_left_out, images_below, images_in
from kcnn.data.listing import ClassFiles, FileListing
from kcnn.errors import DataError
from kcnn.text.numbers import count_text


def list_folder(path: Path) -> FileListing:
    """List the images of a folder: `path/train/CLASS` and `path/test/CLASS`, or `path/CLASS`.

    Args:
        path: The folder.

    Raises:
        DataError: There are not two classes with images, or a part of the dataset would not be
            read as such.
        OSError: A folder cannot be read.
    """
    folders = find_class_folders(path)
    notes = _notes_on_what_is_not_read(path, folders)
    train = _list_classes(path, folders.train, folders.class_names, notes)
    test = None
    if folders.test is not None:
        test = _list_classes(path, folders.test, folders.class_names, notes)
    return FileListing(path, folders.class_names, train, None, test, tuple(notes))


def _notes_on_what_is_not_read(path: Path, folders: ClassFolders) -> list[str]:
    notes = []
    if folders.not_read:
        notes.append(
            f"{path}: left out {', '.join(folders.not_read[:10])}: beside train only test is read; "
            "data.validation takes its images from train"
        )
    for folder in {path: None, folders.train: None, folders.test: None}:
        if folder is not None and (count := len(images_in(folder))):
            images = count_text(count, "image that lies", "images that lie")
            notes.append(f"{folder}: left out {images} beside the folders of the classes")
    return notes


def _list_classes(
    root: Path, folder: Path, class_names: Sequence[str], notes: list[str]
) -> ClassFiles:
    names: list[str] = []
    labels = array("i")
    others: Counter[str] = Counter()
    for label, name in enumerate(class_names):
        class_folder = folder / name
        # A class of train may have no folder in test.
        images, other_kinds = (
            images_below(class_folder) if class_folder.is_dir() else ([], Counter())
        )
        if not images:
            raise _without_images(class_folder, other_kinds)
        names += [image.relative_to(root).as_posix() for image in images]
        labels.extend([label] * len(images))
        others.update(other_kinds)
    if others:
        notes.append(f"{folder}: {describe_left_out(others)}")
    return ClassFiles(tuple(names), labels)


def _without_images(folder: Path, others: Mapping[str, int]) -> DataError:
    message = f"{folder}: no PNG, JPEG, BMP or GIF images for this class"
    if not others:
        return DataError(message, "add some, or leave the class out everywhere")
    return DataError(
        f"{message}, but {describe_kinds(others)}",
        "save those that are images as PNG or JPEG, or leave the class out everywhere",
    )
