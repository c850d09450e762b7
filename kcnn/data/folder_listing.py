"""The image files in a folder of classes, listed once, for `kcnn check` as for reading them."""

from __future__ import annotations

from array import array
from pathlib import Path

from kcnn.data.class_folders import PartFolder, find_class_folders
from kcnn.data.find_images import KINDS, describe_kinds, notes_on
from kcnn.data.folder_scan import FolderScan, named
from kcnn.data.listing import ClassFiles, FileListing
from kcnn.errors import DataError


def list_folder(path: Path) -> FileListing:
    """List the images of a folder: `path/train/CLASS` and other parts, or `path/CLASS`.

    Args:
        path: The folder.

    Raises:
        DataError: There are not two classes with images, a part of the dataset would not be read as
            such, or something in the folder cannot be looked at.
        OSError: The folder itself, or that of a part, cannot be read.
    """
    scan = FolderScan()
    folders = find_class_folders(path, scan)
    notes = list(folders.notes)
    listed: dict[str, ClassFiles] = {}
    for part, folder in folders.parts.items():
        listed[part] = _list_classes(path, folder, scan)
        scan.require_complete()  # a class may be empty only because a link leads nowhere
        absent = _classes_without_images(folder, listed[part], folders.class_names)
        if absent and part == "train":
            raise _without_images(folder.path / absent[0])
        if absent:
            if not listed[part]:
                raise DataError(f"{folder.path}: no {KINDS} images", "remove it, or add some")
            notes.append(f"{folder.path}: no images of {named(absent)}")
    notes += [f"{path}: {note}" for note in notes_on(scan)]
    if folders.has_parts and "test" not in listed:
        notes.append(f"{path}: no folder test, so a fraction of train becomes the test set")
    return FileListing(
        root=path,
        class_names=folders.class_names,
        train=listed["train"],
        validation=listed.get("validation"),
        test=listed.get("test"),
        notes=tuple(notes),
    )


def _list_classes(root: Path, folder: PartFolder, scan: FolderScan) -> ClassFiles:
    # The folder itself is `.`, which no name begins with.
    prefix = "" if folder.path == root else f"{folder.path.relative_to(root).as_posix()}/"
    names: list[str] = []
    labels = array("i")
    for label, class_folder in enumerate(folder.classes):
        if class_folder is not None:
            images = scan.images_below(folder.path / class_folder)
            names += [f"{prefix}{class_folder}/{image}" for image in images]
            labels.extend([label] * len(images))
    return ClassFiles(tuple(names), labels)


def _classes_without_images(
    folder: PartFolder, files: ClassFiles, class_names: tuple[str, ...]
) -> list[str]:
    """Return the folders of classes without images, under the class's name if there is none."""
    present = set(files.labels)
    return [
        folder.classes[label] or name
        for label, name in enumerate(class_names)
        if label not in present
    ]


def _without_images(folder: Path) -> DataError:
    message = f"{folder}: no {KINDS} images for this class"
    scan = FolderScan()
    scan.images_below(folder)
    if not scan.others:
        return DataError(message, "add some, or leave the class out everywhere")
    return DataError(
        f"{message}, but {describe_kinds(scan.others)}",
        "save those that are images as PNG or JPEG, or leave the class out everywhere",
    )
