"""The image files of a dataset, with classes and parts: what a folder and a CSV have alike."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClassFiles:
    """Image files with their labels, in the order of the dataset.

    A path takes 500 bytes and a name 80, so that names alone are kept: there may be a million.

    Args:
        names: The files, relative to the root, with forward slashes on every system.
        labels: Index of each file's class, a compact array of C integers.
        groups: Which of the files belong together, such as photos of one animal, by the group's
            name; None where the dataset does not say so.
    """

    names: tuple[str, ...]
    labels: Sequence[int]
    groups: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def select(self, indices: Iterable[int]) -> ClassFiles:
        """Return some of the files, in the order of the indices."""
        chosen = list(indices)
        groups = self.groups
        return ClassFiles(
            tuple(self.names[index] for index in chosen),
            array("i", (self.labels[index] for index in chosen)),
            None if groups is None else tuple(groups[index] for index in chosen),
        )


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
    """

    root: Path
    class_names: tuple[str, ...]
    train: ClassFiles
    validation: ClassFiles | None = None
    test: ClassFiles | None = None
    notes: tuple[str, ...] = ()

    def path(self, name: str) -> Path:
        """Return the path of a file, by its name in the listing."""
        return self.root / name
