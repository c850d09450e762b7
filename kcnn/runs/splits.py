"""splits.csv: which image a run trained on, and which it only measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kcnn.files.atomic import write_csv
from kcnn.runs.folder import RunFolder

COLUMNS = ("file", "label", "split")
LABEL_SEPARATOR = ";"
SPLITS = ("train", "validation", "test")


class SplitRow(NamedTuple):
    """Where an image went.

    Args:
        file: The image, relative to the dataset's folder with forward slashes.
        label: The name of its class; the names of several, separated by `;`.
        split: `train`, `validation` or `test`.
    """

    file: str
    label: str
    split: str


def write_splits(
    run: RunFolder,
    class_names: Sequence[str],
    parts: Mapping[str, tuple[Sequence[str], Iterable[Sequence[int]]]],
) -> None:
    """Write splits.csv.

    Args:
        run: The run.
        class_names: The names of the classes.
        parts: For each of `SPLITS` that the run has, the files and their classes, in the order in
            which they were trained or scored.

    Raises:
        RunError: The file cannot be written.
    """
    rows = (
        SplitRow(file, LABEL_SEPARATOR.join(class_names[index] for index in classes), split)
        for split, (files, labels) in parts.items()
        for file, classes in zip(files, labels, strict=True)
    )
    write_csv(run.splits, COLUMNS, rows)
