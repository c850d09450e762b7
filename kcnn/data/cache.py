"""Keep decoded images: in memory while they fit, else in a file on disk, else nowhere.

An image is decoded when it is first read. So training begins at once, and the first epoch decodes
while the model trains.
"""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from kcnn.data.dataset import Dataset, Images
from kcnn.errors import DataError
from kcnn.files.scratch import ScratchFile
from kcnn.machine.memory import free_memory
from kcnn.progress import Progress
from kcnn.text.numbers import bytes_text

if TYPE_CHECKING:
    from hashlib import _Hash

WORTH_A_NOTE = 100_000_000  # bytes


class Store(Protocol):
    """Where decoded images are kept."""

    def get(self, indices: np.ndarray) -> np.ndarray:
        """Return images that were kept.

        Args:
            indices: Integers, (count,), in any order.

        Returns:
            uint8, (count, height, width, channels).

        Raises:
            OSError: They cannot be read.
        """

    def put(self, indices: np.ndarray, images: np.ndarray) -> None:
        """Keep images.

        Args:
            indices: Integers, (count,).
            images: uint8, (count, height, width, channels).

        Raises:
            OSError: There is no room.
        """


class MemoryStore:
    """Keep images in an array. Its pages take memory only when they are filled.

    Args:
        count: Number of images.
        shape: Height, width and channels.
    """

    def __init__(self, count: int, shape: tuple[int, int, int]) -> None:
        self._images = np.empty((count, *shape), np.uint8)

    def get(self, indices: np.ndarray) -> np.ndarray:
        """Return images that were kept."""
        images: np.ndarray = self._images[indices]
        return images

    def put(self, indices: np.ndarray, images: np.ndarray) -> None:
        """Keep images."""
        self._images[indices] = images


class DiskStore:
    """Keep images in a file that vanishes with this process.

    Args:
        folder: The folder on whose disk the file is.
        shape: Height, width and channels.

    Raises:
        OSError: The file cannot be created.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int]) -> None:
        self._shape = shape
        self._file = ScratchFile(folder, math.prod(shape))

    def get(self, indices: np.ndarray) -> np.ndarray:
        """Return images that were kept."""
        images = np.empty((len(indices), *self._shape), np.uint8)
        for image, index in zip(images, indices.tolist(), strict=True):
            self._file.read_into(index, image.data)
        return images

    def put(self, indices: np.ndarray, images: np.ndarray) -> None:
        """Keep images.

        Raises:
            OSError: The disk is full.
        """
        for image, index in zip(images, indices.tolist(), strict=True):
            self._file.write(index, image.data)


class CachedImages(Images):
    """Images that are kept once they have been read.

    Args:
        base: The images to read.
        store: Where they are kept.
        progress: Receives a note if the disk fills up; images are then decoded each time.
    """

    def __init__(self, base: Images, store: Store, progress: Progress) -> None:
        self._base = base
        self._store = store
        self._progress = progress
        self._kept = np.zeros(len(base), bool)
        self._has_given_up = False
        self.labels, self.names, self.root = base.labels, base.names, base.root
        self.groups, self.hashed = base.groups, base.hashed

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self._base.shape

    @property
    def failure(self) -> DataError | None:
        """The first error that reading raised."""
        return self._base.failure

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Read some images, from the store where they are there."""
        # Two threads may decode the same image: the second then writes the same bytes.
        kept = self._kept[indices]
        if kept.all():
            return self._stored(indices)
        images = self._base.read(indices[~kept])
        self._keep(indices[~kept], images)
        if not kept.any():
            return images
        both = np.empty((len(indices), *self.shape), np.uint8)
        both[~kept] = images
        both[kept] = self._stored(indices[kept])
        return both

    def _stored(self, indices: np.ndarray) -> np.ndarray:
        """Return images from the store; decode them if it cannot be read any more."""
        try:
            return self._store.get(indices)
        except OSError as error:
            self._kept[:] = False
            self._give_up(error)
            return self._base.read(indices)

    def _keep(self, indices: np.ndarray, images: np.ndarray) -> None:
        if self._has_given_up:
            return
        try:
            self._store.put(indices, images)
        except OSError as error:
            self._give_up(error)
        else:
            self._kept[indices] = True

    def _give_up(self, error: OSError) -> None:
        """Keep no further images, and say so once."""
        if not self._has_given_up:
            self._has_given_up = True
            self._progress.note(
                f"cache: {error.strerror or error}; the images that are not in it are decoded in "
                "each epoch"
            )

    def update_hash(self, digest: _Hash, indices: np.ndarray | None = None) -> None:
        """Add what identifies the images to a hash."""
        self._base.update_hash(digest, indices)


def cache_images(dataset: Dataset, setting: str, folder: Path, progress: Progress) -> Dataset:
    """Keep the decoded training and validation images of a dataset, which every epoch reads.

    Args:
        dataset: The dataset, before its validation images are set apart. Images in memory stay as
            they are.
        setting: `data.cache`: `memory`, `disk`, `none`, or `auto` for the first of these that has
            room.
        folder: A folder on the disk that may be used, or one that will be created there.
        progress: Receives a note on where they are kept, unless they are few and in memory.

    Raises:
        DataError: They do not fit where the setting wants them.
    """
    decoded = [part for part in (dataset.train, dataset.validation) if part is not None]
    decoded = [part for part in decoded if not part.is_in_memory]
    if not decoded:
        return dataset
    size = sum(len(part) * math.prod(part.shape) for part in decoded)
    count = sum(map(len, decoded))
    existing = next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
    where, note = _choose(setting, size, existing)
    height, width, channels = dataset.image_shape
    if where != "memory" or size >= WORTH_A_NOTE:
        progress.note(
            f"cache: {where}, {count:,} images of {height}×{width}×{channels} are "
            f"{bytes_text(size)}{note}"
        )

    def cached(images: Images) -> Images:
        if where == "none" or images.is_in_memory:
            return images
        store: Store
        try:
            store = (
                MemoryStore(len(images), images.shape)
                if where == "memory"
                else DiskStore(existing, images.shape)
            )
        except OSError as error:
            raise DataError(
                f"{existing}: no file for decoded images can be written: {error.strerror}",
                "set data.cache=none, or another --output-dir",
            ) from None
        return CachedImages(images, store, progress)

    return replace(
        dataset,
        train=cached(dataset.train),
        validation=None if dataset.validation is None else cached(dataset.validation),
    )


def _choose(setting: str, size: int, folder: Path) -> tuple[str, str]:
    """Return where images are kept, and the reason if it is not in memory."""
    memory, disk = free_memory(), shutil.disk_usage(folder).free
    if setting == "memory" and memory is not None and size > memory:
        raise DataError(
            f"data.cache: decoded images of {bytes_text(size)} do not fit into the "
            f"{bytes_text(memory)} of free memory",
            "set data.cache=auto or a smaller data.image_size",
        )
    if setting == "disk" and size > disk:
        raise DataError(
            f"data.cache: decoded images of {bytes_text(size)} do not fit into the "
            f"{bytes_text(disk)} that are free on the disk of {folder}",
            "set data.cache=none, a smaller data.image_size or another --output-dir",
        )
    if setting != "auto":
        return setting, ""
    if memory is None or 4 * size <= memory:
        return "memory", ""
    in_memory = f", more than a quarter of the {bytes_text(memory)} of free memory"
    if 2 * size <= disk:
        return "disk", f"{in_memory}; in {folder} until the end"
    on_disk = f" and than half of the free disk ({bytes_text(disk)})"
    return "none", f"{in_memory}{on_disk}; they are decoded in each epoch"
