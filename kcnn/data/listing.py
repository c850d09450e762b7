"""The image files of a dataset, with classes and parts: what a folder and a CSV have alike."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ClassFiles:
    """Image files with their labels, in the order of the dataset.

    A path takes 500 bytes and a name 80, so that names alone are kept: there may be a million.

    Args:
        names: The files, relative to the root, with forward slashes on every system.
        labels: Index of each file's class, a compact array of C integers; empty where files may
            have several labels.
        groups: Which of the files belong together, such as photos of one animal, by the group's
            name; None where the dataset does not say so.
        label_sets: Indices of each file's classes, rising, where files may have several labels or
            none; None where each has one.
    """

    names: tuple[str, ...]
    labels: Sequence[int]
    groups: tuple[str, ...] | None = None
    label_sets: Sequence[tuple[int, ...]] | None = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def is_plain(self) -> bool:
        """Whether each file has one class and no group.

        Then the numbers of files and classes show whether the files can be divided.
        """
        return self.groups is None and self.label_sets is None

    def select(self, indices: Iterable[int]) -> ClassFiles:
        """Return some of the files, in the order of the indices."""
        chosen = list(indices)
        groups, sets = self.groups, self.label_sets
        return ClassFiles(
            tuple(self.names[index] for index in chosen),
            array("i", (self.labels[index] for index in chosen) if sets is None else ()),
            None if groups is None else tuple(groups[index] for index in chosen),
            None if sets is None else tuple(sets[index] for index in chosen),
        )

    def counts(self, classes: int) -> list[int]:
        """Count the files that show each class; one with several labels counts for each."""
        if self.label_sets is None:
            counted = Counter(self.labels)
        else:
            counted = Counter(label for labels in self.label_sets for label in labels)
        return [counted[label] for label in range(classes)]

    def label_array(self, classes: int) -> np.ndarray:
        """Return the labels in the form of `kcnn.data.labels`."""
        import numpy as np

        if self.label_sets is None:
            return np.array(self.labels, np.int32)
        rows = np.zeros((len(self), classes), np.uint8)
        for row, labels in zip(rows, self.label_sets, strict=True):
            row[list(labels)] = 1
        return rows


@dataclass(frozen=True)
class FileListing:
    """The image files of a dataset.

    Args:
        root: The folder that names are relative to.
        class_names: The names of the classes; a label indexes them.
        train: Training images; all images where the dataset has no parts.
        validation: Validation images; None where the dataset has none of its own.
        test: Test images; None where a fraction of `train` becomes the test set.
        notes: What was left out, and what was assumed.
        several_labels: The first row that has several labels, as messages name it, `labels.csv:2
            has 2 labels`; None where each file has one class.
    """

    root: Path
    class_names: tuple[str, ...]
    train: ClassFiles
    validation: ClassFiles | None = None
    test: ClassFiles | None = None
    notes: tuple[str, ...] = ()
    several_labels: str | None = None

    def path(self, name: str) -> Path:
        """Return the path of a file, by its name in the listing."""
        return self.root / name
