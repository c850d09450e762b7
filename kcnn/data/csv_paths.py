"""The paths in a table of images: files that are there, each listed once."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

from kcnn.data.image.formats import SUFFIXES
from kcnn.data.label_table import LabelTable, require_rows


def read_paths(table: LabelTable) -> list[str]:
    """Return the path of each row, relative to the table's folder, with forward slashes.

    Args:
        table: The table.

    Raises:
        DataError: A path is empty, occurs twice, or leads to no file; ten rows are named at once.
    """
    root = table.file.parent
    names = [_with_slashes(root, cell) for cell in table.columns["path"]]
    require_rows(
        [f"{table.where(row)}: an empty path" for row, name in enumerate(names) if not name],
        "write the path of an image in each row",
    )
    _require_once(table, names)
    missing = [row for row, name in enumerate(names) if not _is_there(root / name)]
    if missing:
        problems = [
            f"{table.where(row)}: {root / names[row]}: {_what(root / names[row])}"
            for row in missing
        ]
        require_rows(problems, _hint_for_missing(root, names[missing[0]]))
    return names


def _with_slashes(root: Path, cell: str) -> str:
    r"""Return a path as this system writes it, where a spreadsheet on Windows has `cat\1.jpg`."""
    if "\\" not in cell or (os.sep == "/" and _is_there(root / cell)):
        return cell
    return PureWindowsPath(cell).as_posix()


def _is_there(path: Path) -> bool:
    try:
        return path.exists() and not path.is_dir()
    except (OSError, ValueError):  # a name that is too long, or has a zero byte
        return False


def _what(path: Path) -> str:
    if path.is_symlink():
        return f"a link to {path.readlink()}, which is not there"
    return "a folder, expected an image file" if path.is_dir() else "no such file"


def _require_once(table: LabelTable, names: list[str]) -> None:
    first_rows: dict[str, int] = {}
    labels = table.columns["label"]
    problems = []
    for row, name in enumerate(names):
        first = first_rows.setdefault(os.path.normcase(os.path.normpath(name)), row)
        if first != row:
            same = labels[first] == labels[row]
            what = "is listed twice" if same else f"is {labels[first]} and {labels[row]}"
            problems.append(f"{table.where(first)} and {table.where(row)}: {name} {what}")
    require_rows(
        problems,
        "leave one of the rows out; each image has one row, where several labels are separated by "
        "semicolons, as in cat;dog",
    )


def _hint_for_missing(root: Path, name: str) -> str:
    """Return how to fix a path, by trying what people write instead."""
    if "://" in name:
        return "kcnn reads files, not addresses; download the images first"
    if _is_there(Path(name)):
        return f"paths are relative to the table's folder, {root}; move the table there"
    for suffix in sorted(SUFFIXES):
        if _is_there(root / f"{name}{suffix}"):
            return f"write the file names with their ending, as in {name}{suffix}"
    for folder in _folders_in(root):
        if _is_there(root / folder / name):
            return f"write the folder too, as in {folder}/{name}"
    return f"paths are relative to the table's folder, {root}; correct them, or leave the rows out"


def _folders_in(root: Path) -> list[str]:
    with os.scandir(root) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())
