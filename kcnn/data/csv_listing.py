"""The image files that a table lists with their classes: `dataset: csv`."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kcnn.data.csv_paths import read_paths
from kcnn.data.folder_scan import named
from kcnn.data.label_table import MAX_PROBLEMS, LabelTable, read_label_table, require_rows
from kcnn.data.listing import ClassFiles, FileListing
from kcnn.data.parts import PARTS, SPLIT_WORDS, Part, class_key, composed, part_of
from kcnn.errors import DataError
from kcnn.text.did_you_mean import did_you_mean

LABEL_SEPARATOR = ";"
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def list_csv(path: Path) -> FileListing:
    """List the images of a table with the columns `path`, `label` and perhaps `split`, `group`.

    Paths are relative to the table's folder.

    Args:
        path: A file as `read_label_table` reads it.

    Raises:
        DataError: It is no such table, or rows of it are wrong; ten of them are named at once.
        OSError: It cannot be read.
    """
    table = read_label_table(path)
    labels = _labels(table)
    class_names = tuple(sorted_names(set(labels)))
    _require_classes(table, labels, class_names)
    parts = _parts(table)
    names = read_paths(table)
    numbers = {name: number for number, name in enumerate(class_names)}
    groups = table.columns.get("group")
    every = ClassFiles(
        tuple(names),
        array("i", (numbers[label] for label in labels)),
        None if groups is None else tuple(groups),
    )
    rows = {part: [row for row, own in enumerate(parts) if own == part] for part in PARTS}
    listed = {part: every.select(chosen) for part, chosen in rows.items() if chosen}
    notes = tuple(_notes(table, listed, class_names))
    return FileListing(
        root=path.parent,
        class_names=class_names,
        train=listed["train"],
        validation=listed.get("validation"),
        test=listed.get("test"),
        notes=notes,
    )


def labels_in(cell: str) -> list[str]:
    """Return the labels in a cell, in Unicode's composed form; several are separated by `;`."""
    labels = (composed(label.strip()) for label in cell.split(LABEL_SEPARATOR))
    return [label for label in labels if label]


def sorted_names(names: Iterable[str]) -> list[str]:
    """Return class names as people sort them: as text, or by value if all are numbers."""
    unsorted = list(names)
    if all(_NUMBER.fullmatch(name) for name in unsorted):
        return sorted(unsorted, key=lambda name: (float(name), name))
    return sorted(unsorted)


def _labels(table: LabelTable) -> list[str]:
    """Return the label of each row."""
    labels: list[str] = []
    problems = []
    for row, cell in enumerate(table.columns["label"]):
        found = labels_in(cell)
        if len(found) != 1:
            what = f"{len(found)} labels, expected one" if found else "an empty label"
            problems.append(f"{table.where(row)}: {what}")
        labels.append(found[0] if found else "")
    require_rows(problems, "write one label in each row, or leave the row out")
    return labels


def _require_classes(table: LabelTable, labels: Sequence[str], class_names: Sequence[str]) -> None:
    """Raise for a single class, a label that occurs once, and names that differ in case alone."""
    if len(class_names) < 2:
        raise DataError(
            f"{table.file}: one label, {class_names[0]}; expected two classes or more",
            "the column label has the class of each image",
        )
    counts = Counter(labels)
    single = [row for row, label in enumerate(labels) if counts[label] == 1]
    others = [name for name in class_names if counts[name] > 1]
    problems = [f"{table.where(row)}: label {labels[row]} occurs once" for row in single]
    # Each of 100,000 labels may be another one. A guess for all of them would take minutes.
    for number, row in enumerate(single[:MAX_PROBLEMS]):
        problems[number] += did_you_mean(labels[row], others)
    require_rows(
        problems,
        "correct the label, add images of this class, or leave the row out",
    )
    by_key: dict[str, str] = {}
    for name in class_names:
        other = by_key.setdefault(class_key(name), name)
        if other != name:
            first, second = (table.where(labels.index(label)) for label in (other, name))
            raise DataError(
                f"{first} and {second}: labels {other} and {name} differ in case alone",
                "write them alike, or rename one",
            )


def _parts(table: LabelTable) -> list[Part]:
    """Return the part of each row."""
    cells = table.columns.get("split", ())
    if not any(cells):
        return ["train"] * len(table.lines)
    parts = [part_of(cell) for cell in cells]
    require_rows(
        [
            f"{table.where(row)}: split {cells[row] or 'is empty'}, expected train, val or test"
            for row, part in enumerate(parts)
            if part is None
        ],
        f"write one of {', '.join(SPLIT_WORDS)} in each row, or leave the column out",
    )
    return [part for part in parts if part is not None]


def _notes(
    table: LabelTable, listed: Mapping[Part, ClassFiles], class_names: Sequence[str]
) -> Iterator[str]:
    """Yield what a person may not expect of the table.

    Raises:
        DataError: A class has no training images.
    """
    if "train" not in listed:
        raise DataError(f"{table.file}: no row of split train", "training needs images, too")
    for part, files in listed.items():
        present = set(files.labels)
        absent = [name for label, name in enumerate(class_names) if label not in present]
        if absent and part == "train":
            raise DataError(
                f"{table.file}: no training images of {named(absent)}",
                "set split to train in some rows of each class, or leave the class out",
            )
        if absent:
            yield f"{table.file}: no {part} images of {named(absent)}"
    if table.ignored:
        yield f"{table.file}: left out further columns: {named(table.ignored)}"
    if any(table.columns.get("split", ())) and "test" not in listed:
        yield f"{table.file}: no rows of split test, so a fraction of train becomes the test set"
