"""Folders of images: which sub-folders are classes, and which are parts of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kcnn.data.dataset_kind import DATASETS_BY_SUFFIX
from kcnn.data.folder_scan import FolderContents, FolderScan, named
from kcnn.data.parts import PARTS, Part, class_key, composed, part_of
from kcnn.errors import DataError
from kcnn.runs.folder import is_run
from kcnn.text.numbers import count_text
from kcnn.text.shell import shell_word

_MAX_DEPTH = 10  # folders in one another, each alone
_UNUSED = "to leave it out, give it a name such as unused"


@dataclass(frozen=True)
class PartFolder:
    """The folder of a part of a dataset.

    Args:
        path: The folder.
        classes: The name of each class's folder in it, in the order of the classes; None for a
            class that has none here.
    """

    path: Path
    classes: tuple[str | None, ...]


@dataclass(frozen=True)
class ClassFolders:
    """The folders that hold the images of each class.

    Args:
        class_names: The names of the classes, sorted, in Unicode's composed form.
        parts: The folders of the parts. A dataset without parts is all `train`.
        has_parts: Whether there is a folder for each part.
        notes: What was left out.
    """

    class_names: tuple[str, ...]
    parts: Mapping[Part, PartFolder]
    has_parts: bool
    notes: tuple[str, ...]


def find_class_folders(path: Path, scan: FolderScan) -> ClassFolders:
    """Find the classes of a folder: `path/train/CLASS`, `path/test/CLASS`, or `path/CLASS`.

    Args:
        path: The folder.
        scan: Receives what was left out, and what could not be looked at.

    Raises:
        DataError: It does not exist, does not have two classes, or has parts of a dataset that
            would not be read as such.
        OSError: It cannot be read.
    """
    require_folder(path)
    top = scan.contents(path)
    _require_no_run(top)
    scan.require_complete()  # before a part that is out of reach makes another dataset of the rest
    parts: dict[Part, list[str]] = {}
    for name in top.folders:
        if part := part_of(name):
            parts.setdefault(part, []).append(name)
    contents = {name: scan.contents(path / name) for names in parts.values() for name in names}
    scan.require_complete()
    if any(contents[name].folders for name in parts.get("train", ())):
        return _classes_of_parts(top, parts, contents)
    _require_classes(top, contents, scan)
    folders = _class_folders(top)
    class_names = _sorted_names(folders)
    train = _part_folder(path, folders, class_names)
    return ClassFolders(class_names, {"train": train}, False, tuple(_images_beside([top])))


def require_folder(path: Path) -> None:
    """Raise unless a path is a folder.

    Raises:
        DataError: It is a file, or is not there.
    """
    if path.is_dir():
        return
    hint = (
        "data.path names the folder of images: relative to the recipe or, on the command line, to "
        "the current folder"
    )
    if path.exists():
        suffix = path.suffix.lower()
        if suffix in DATASETS_BY_SUFFIX:
            hint = f"dataset: {DATASETS_BY_SUFFIX[suffix]} reads {suffix} files"
        else:
            hint = "name a folder that has a folder of images for each class; unpack archives first"
        raise DataError(f"{path}: is a file, expected a folder of images", hint)
    if path.is_symlink():
        raise DataError(f"{path}: a link to {path.readlink()}, which is not there", hint)
    raise DataError(f"{path}: no such folder", hint)


def _require_no_run(folder: FolderContents) -> None:
    """Raise if a folder is a run, or holds runs: their plots are images, too."""
    if is_run(folder.path):
        run, problem = folder.path, f"{folder.path}: is a run, not a folder of images"
    elif runs := [name for name in folder.folders if is_run(folder.path / name)]:
        run, problem = folder.path / runs[-1], f"{folder.path}: has runs in it ({named(runs)})"
    else:
        return
    raise DataError(
        problem,
        f"name the folder of images; kcnn data inspect {shell_word(run)} looks at those of the run",
    )


def _classes_of_parts(
    top: FolderContents,
    parts: Mapping[Part, Sequence[str]],
    contents: Mapping[str, FolderContents],
) -> ClassFolders:
    for names in parts.values():
        if len(names) > 1:
            raise DataError(
                f"{top.path}: {' and '.join(names)} are the same part of a dataset",
                f"move the images of one into the other; {_UNUSED}",
            )
    found = {part: contents[parts[part][0]] for part in PARTS if part in parts}
    folders = {part: _class_folders(inside) for part, inside in found.items()}
    class_names = _sorted_names(folders["train"])
    if len(class_names) < 2:
        raise _too_few(found["train"])
    for part in ("validation", "test"):
        if part in found:
            _require_known_classes(found[part], folders[part], folders["train"], class_names)
    not_read = [name for name in top.folders if name not in contents]
    notes = _images_beside([top, *found.values()])
    if not_read:
        read = ", ".join(inside.path.name for inside in found.values())
        notes.insert(0, f"{top.path}: left out {named(not_read)} beside {read}")
    return ClassFolders(
        class_names,
        {
            part: _part_folder(inside.path, folders[part], class_names)
            for part, inside in found.items()
        },
        True,
        tuple(notes),
    )


def _part_folder(path: Path, folders: Mapping[str, str], class_names: Sequence[str]) -> PartFolder:
    return PartFolder(path, tuple(folders.get(class_key(name)) for name in class_names))


def _class_folders(folder: FolderContents) -> dict[str, str]:
    """Return the folders of classes by what the names of a class have in common."""
    folders: dict[str, str] = {}
    for name in folder.folders:
        other = folders.setdefault(class_key(name), name)
        if other == name:
            continue
        if composed(other) == composed(name):
            shown = f"{composed(name)}, in two Unicode forms ({other!a} and {name!a})"
        else:
            shown = f"{other} and {name}, which differ in case alone"
        raise DataError(
            f"{folder.path}: two folders for one class: {shown}",
            "move the images of one into the other, or rename one",
        )
    return folders


def _sorted_names(folders: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(composed(name) for name in folders.values()))


def _require_classes(
    top: FolderContents, contents: Mapping[str, FolderContents], scan: FolderScan
) -> None:
    """Raise unless the folders in a folder may be classes."""
    names = top.folders
    if names and all(name in contents for name in names):
        raise DataError(
            f"{top.path}: {named(names)} are parts of a dataset, not classes",
            "put a folder for each class into each of them, as in train/cat and test/cat"
            if any(part_of(name) == "train" for name in names)
            else "add train, with a folder for each class",
        )
    for inside in contents.values():
        same = [inner for inner in inside.folders if inner in names]
        if same:
            raise DataError(
                f"{inside.path}: has folders that are classes beside it ({named(same)}), so it is "
                "no class itself",
                f"move the classes beside it into {top.path / 'train'}; {_UNUSED} outside",
            )
    if len(names) == 1 and not top.images and (deeper := _with_classes(top, scan)):
        _require_no_run(deeper)
        raise DataError(
            f"{top.path}: its only folder is {deeper.path}, with {named(deeper.folders)}",
            f"write path: {deeper.path.as_posix()}",
        )
    if len(names) < 2:
        raise _too_few(top)


def _with_classes(top: FolderContents, scan: FolderScan) -> FolderContents | None:
    """Return the folder further down that has several folders, where each before it has one."""
    for _ in range(_MAX_DEPTH):
        if len(top.folders) != 1 or top.images:
            return top if len(top.folders) > 1 else None
        top = scan.contents(top.path / top.folders[0])
    return None


def _too_few(folder: FolderContents) -> DataError:
    found = f"1 sub-folder, {folder.folders[0]}" if folder.folders else "no sub-folders"
    beside = f" and {count_text(folder.images, 'image')}" if folder.images else ""
    return DataError(
        f"{folder.path}: {found}{beside}; expected a sub-folder for each of two classes or more",
        "sort the images into folders named after their classes, or list them with their classes "
        "in a CSV file (dataset: csv)",
    )


def _require_known_classes(
    part: FolderContents,
    folders: Mapping[str, str],
    train: Mapping[str, str],
    class_names: Sequence[str],
) -> None:
    classes = named(class_names)
    if not folders:
        raise DataError(
            f"{part.path}: no sub-folders, expected one for each class",
            f"sort its images into {classes}; {_UNUSED}",
        )
    unknown = [name for key, name in folders.items() if key not in train]
    if unknown:
        raise DataError(
            f"{part.path / unknown[0]}: a class without training images",
            f"the classes in train are {classes}; to leave {part.path} out, give it a name such as "
            "unused",
        )


def _images_beside(folders: Sequence[FolderContents]) -> list[str]:
    notes = []
    for folder in folders:
        if folder.images:
            images = count_text(folder.images, "image that lies", "images that lie")
            notes.append(f"{folder.path}: left out {images} beside the folders of the classes")
    return notes
