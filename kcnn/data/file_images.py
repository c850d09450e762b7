"""Images in files, decoded when they are read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kcnn.data.dataset import Images
from kcnn.data.image.inspection import ImageFacts, inspect_image
from kcnn.data.image.read import decode_into, read_into
from kcnn.data.image.source import read_file
from kcnn.data.listing import ClassFiles
from kcnn.errors import DataError
from kcnn.recipe.data_settings import Resize

if TYPE_CHECKING:
    from hashlib import _Hash


@dataclass(frozen=True)
class FileFormat:
    """How image files become arrays.

    Args:
        image_size: Height and width to resize to.
        channels: 1 for gray, 3 for red, green, blue.
        resize: `stretch`, `fit` or `crop`, as in `data.resize`.
    """

    image_size: tuple[int, int]
    channels: int
    resize: Resize = "stretch"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the arrays."""
        return (*self.image_size, self.channels)

    def inspect_and_decode(self, path: Path) -> ImageFacts:
        """Inspect a file and decode it, to find damage within.

        Raises:
            DataError: It cannot be read.
        """
        facts = inspect_image(path)
        read_into(np.empty(self.shape, np.uint8), path, self.resize)
        return facts


class FileImages(Images):
    """Images in files, decoded when they are read.

    Args:
        root: The folder that the names are relative to.
        files: The files and their labels.
        format: How they become arrays.
        facts: What a scan found about each file, to notice files that change; None if they were not
            scanned.
        classes: Number of classes, where files may have several labels.
    """

    def __init__(
        self,
        root: Path,
        files: ClassFiles,
        format: FileFormat,
        facts: Sequence[ImageFacts] | None = None,
        classes: int = 0,
    ) -> None:
        self.root: Path = root
        self._folder = str(root)
        self._format = format
        self._facts = facts
        self._failure: DataError | None = None
        self.hashed = "files:"
        self.labels = files.label_array(classes)
        self.names: Sequence[str] = files.names
        self.groups = files.groups

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self._format.shape

    @property
    def failure(self) -> DataError | None:
        """The first error that `read` raised."""
        return self._failure

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Decode some images."""
        images = np.empty((len(indices), *self.shape), np.uint8)
        try:
            for image, index in zip(images, indices.tolist(), strict=True):
                self._read_into(image, index)
        except DataError as error:
            self._failure = self._failure or error
            raise
        return images

    def _read_into(self, image: np.ndarray, index: int) -> None:
        path = self._path(index)
        facts = None if self._facts is None else self._facts[index]
        try:
            content, found = read_file(path)
        except DataError:
            if facts is None or Path(path).exists():
                raise
            raise _changed(path, "is gone") from None
        if facts is not None:
            _require_unchanged(path, found, facts)
        decode_into(image, path, content, self._format.resize)

    def _path(self, index: int) -> str:
        # To make a Path would take a tenth of the time in which a small file is read.
        name = self.names[index]
        return f"{self._folder}{os.sep}{name if os.sep == '/' else name.replace('/', os.sep)}"

    def update_hash(self, digest: _Hash, indices: np.ndarray | None = None) -> None:
        """Add a hash of each file, then the labels, to a hash."""
        chosen = np.arange(len(self)) if indices is None else indices
        for index in chosen.tolist():
            facts = self._facts and self._facts[index]
            facts = facts or inspect_image(self._path(index))
            digest.update(facts.digest.encode("ascii"))
        digest.update(self.labels[chosen].data)


def _require_unchanged(path: str, found: os.stat_result, facts: ImageFacts) -> None:
    """Raise unless a file has the time that it had, or at least the same content."""
    if (found.st_size, found.st_mtime_ns) == (facts.bytes, facts.mtime_ns):
        return
    try:
        if inspect_image(path).digest == facts.digest:
            return
    except DataError:  # it is no image any more
        pass
    raise _changed(path, "has changed")


def _changed(path: str, what: str) -> DataError:
    return DataError(
        f"{path}: {what} since the images were checked",
        "start again when nothing changes the files any more",
    )
