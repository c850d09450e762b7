"""The image files that a table lists with their classes: `dataset: csv`."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kcnn.data.csv_paths import read_paths
from kcnn.data.folder_scan import named
from kcnn.data.label_table import MAX_PROBLEMS, LabelTable, read_label_table, require_rows
from kcnn.data.listing import ClassFiles, FileListing
from kcnn.data.parts import PARTS, SPLIT_WORDS, Part, class_key, composed, part_of
from kcnn.errors import DataError
from kcnn.text.did_you_mean import did_you_mean
from kcnn.text.numbers import count_text

LABEL_SEPARATOR = ";"
_OTHER_SEPARATORS = ",|/+& "  # what people also write between labels
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def list_csv(path: Path) -> FileListing:
    """List the images of a table with the columns `path`, `label` and perhaps `split`, `group`.

    Paths are relative to the table's folder. If a row has several labels, separated by `;`, every
    row may have any number of them.

    Args:
        path: A file as `read_label_table` reads it.

    Raises:
        DataError: It is no such table, or rows of it are wrong; ten of them are named at once.
        OSError: It cannot be read.
    """
    table = read_label_table(path)
    labels = [tuple(dict.fromkeys(labels_in(cell))) for cell in table.columns["label"]]
    several = _first_with_several(table, labels)
    if several is None:
        _require_labels(table, labels)
    first_rows: dict[str, int] = {}
    for row, own in enumerate(labels):
        for label in own:
            first_rows.setdefault(label, row)
    class_names = tuple(sorted_names(first_rows))
    counts = Counter(label for own in labels for label in own)
    _require_classes(table, class_names, first_rows)
    single = [name for name in first_rows if counts[name] == 1]  # in the order of the rows
    if several is None:
        _require_no_single(table, single, class_names, first_rows)
    parts = _parts(table)
    names = read_paths(table)
    numbers = {name: number for number, name in enumerate(class_names)}
    groups = table.columns.get("group")
    every = ClassFiles(
        tuple(names),
        array("i", (numbers[label] for (label,) in labels) if several is None else ()),
        None if groups is None else tuple(groups),
        None if several is None else _sets(labels, numbers),
    )
    rows = {part: [row for row, own in enumerate(parts) if own == part] for part in PARTS}
    listed = {part: every.select(chosen) for part, chosen in rows.items() if chosen}
    notes = [*_notes(table, listed, class_names), *_notes_on_joined(table, first_rows)]
    if several is not None:
        notes += _notes_on_several(table, several, labels, single)
    return FileListing(
        root=path.parent,
        class_names=class_names,
        train=listed["train"],
        validation=listed.get("validation"),
        test=listed.get("test"),
        notes=tuple(notes),
        several_labels=several,
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


def _first_with_several(table: LabelTable, labels: Sequence[tuple[str, ...]]) -> str | None:
    """Return the first row with several labels, as messages name it; None if there is none."""
    for row, own in enumerate(labels):
        if len(own) > 1:
            return f"{table.where(row)} has {len(own)} labels, {LABEL_SEPARATOR.join(own)}"
    return None


def _require_labels(table: LabelTable, labels: Sequence[tuple[str, ...]]) -> None:
    """Raise for rows without a label."""
    require_rows(
        [f"{table.where(row)}: an empty label" for row, own in enumerate(labels) if not own],
        "write one label in each row, or leave the row out; it may be empty only if another "
        "row has several labels, as in cat;dog",
    )


def _joined(name: str, names: Collection[str]) -> str | None:
    """Return a label that consists of others as it should be written: `cat;dog` for `cat, dog`.

    Returns:
        None if it does not consist of others.
    """
    for separator in _OTHER_SEPARATORS:
        parts = [part.strip() for part in name.split(separator)]
        if len(parts) > 1 and all(part in names for part in parts):
            return LABEL_SEPARATOR.join(parts)
    return None


def _sets(
    labels: Sequence[tuple[str, ...]], numbers: Mapping[str, int]
) -> tuple[tuple[int, ...], ...]:
    """Return the numbers of each row's classes; equal rows share one tuple, to save memory."""
    known = {own: tuple(sorted(numbers[label] for label in own)) for own in set(labels)}
    return tuple(known[own] for own in labels)


def _require_no_single(
    table: LabelTable,
    single: Sequence[str],
    class_names: Sequence[str],
    first_rows: Mapping[str, int],
) -> None:
    """Raise for labels that occur once."""
    others = sorted(set(class_names).difference(single))
    problems = [f"{table.where(first_rows[name])}: label {name} occurs once" for name in single]
    # Each of 100,000 labels may be another one. A guess for all of them would take minutes.
    for number, name in enumerate(single[:MAX_PROBLEMS]):
        joined = _joined(name, first_rows.keys())
        problems[number] += did_you_mean(name, others) if joined is None else f"; write {joined}"
    require_rows(
        problems,
        "correct the label, add images of this class, or leave the row out",
    )


def _require_classes(
    table: LabelTable, class_names: Sequence[str], first_rows: Mapping[str, int]
) -> None:
    """Raise for a single class, and for names that differ in case alone."""
    if len(class_names) < 2:
        raise DataError(
            f"{table.file}: one label, {class_names[0]}; expected two classes or more",
            "the column label has the class of each image",
        )
    by_key: dict[str, str] = {}
    for name in class_names:
        other = by_key.setdefault(class_key(name), name)
        if other != name:
            first, second = (table.where(first_rows[label]) for label in (other, name))
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
        counts = files.counts(len(class_names))
        absent = [name for name, count in zip(class_names, counts, strict=True) if not count]
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


def _notes_on_joined(table: LabelTable, first_rows: Mapping[str, int]) -> Iterator[str]:
    """Yield a note on the first label that looks like several."""
    for name, row in first_rows.items():
        joined = _joined(name, first_rows.keys())
        if joined is not None:
            yield (
                f"{table.where(row)}: {name} counts as one class; several labels are separated by "
                f"semicolons: {joined}"
            )
            return


def _notes_on_several(
    table: LabelTable, several: str, labels: Sequence[tuple[str, ...]], single: Sequence[str]
) -> Iterator[str]:
    """Yield what a person may not expect of images with several labels."""
    yield f"{several}: so each image may show several classes, or none"
    if without := sum(not own for own in labels):
        images = count_text(without, "image")
        yield f"{table.file}: {images} without a label: they show none of the classes"
    if single:
        yield f"{table.file}: labels that occur once: {named(single)}"
