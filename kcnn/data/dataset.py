"""Images that can be read, and their labels, in the form that every other part of kcnn expects."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

    import numpy as np

    from kcnn.errors import DataError

_DIGEST_BATCH = 1024  # images


class Images(ABC):
    """Labeled images of one size, in memory or in files that are decoded when they are read.

    Order, augmentation and resuming work with indices alone, so they do not depend on where the
    images are. `read` may be called by several threads at the same time.

    Attributes:
        labels: int32, (count,); each is an index into the class names. Where images may have
            several labels: uint8, (count, classes), with 1 for those that an image has.
        names: The images' file names, relative to the dataset's folder, with forward slashes; None
            if the images have none.
        root: That folder.
        groups: Which of the images belong together, by the name of their group; None if the dataset
            does not say so.
        hashed: What `update_hash` hashes: nothing for pixels, else a word and a colon before the
            digest, since digests of pixels and of files cannot be compared.
    """

    labels: np.ndarray
    names: Sequence[str] | None = None
    root: Path | None = None
    groups: Sequence[str] | None = None
    hashed: str = ""
    dtype = "uint8"  # of what `read` returns

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""

    @abstractmethod
    def read(self, indices: np.ndarray) -> np.ndarray:
        """Read some images.

        Args:
            indices: Integers, (count,), in any order.

        Returns:
            uint8, (count, height, width, channels).

        Raises:
            DataError: A file cannot be read, or has changed.
        """

    @abstractmethod
    def update_hash(self, digest: _Hash, indices: np.ndarray | None = None) -> None:
        """Add what identifies images, then their labels, to a hash.

        Args:
            digest: The hash.
            indices: Which images, in which order; None for all.
        """

    @property
    def has_several_labels(self) -> bool:
        """Whether images may have several labels, or none."""
        return self.labels.ndim == 2

    @property
    def is_in_memory(self) -> bool:
        """Whether reading costs no more than copying."""
        return False

    @property
    def failure(self) -> DataError | None:
        """The first error that `read` raised; TensorFlow keeps only the text of an exception."""
        return None

    def __len__(self) -> int:
        return len(self.labels)

    def read_one(self, index: int) -> np.ndarray:
        """Read one image: uint8, (height, width, channels)."""
        import numpy as np

        image: np.ndarray = self.read(np.array([index]))[0]
        return image

    def read_all(self) -> np.ndarray:
        """Read all images at once: uint8, (count, height, width, channels)."""
        import numpy as np

        return self.read(np.arange(len(self)))

    def select(self, indices: np.ndarray) -> Images:
        """Return some of the images, in this order, without reading them."""
        return SelectedImages(self, indices)

    def first(self, count: int) -> Images:
        """Return the first `count` images, or all if there are fewer."""
        import numpy as np

        return self.select(np.arange(min(count, len(self))))

    def by_turns(self, count: int, order: np.ndarray | None = None) -> np.ndarray:
        """Choose images so that every class comes once before any comes twice.

        Of several labels, an image's rarest one decides.

        Args:
            count: How many to choose; all if there are fewer.
            order: Indices of all images, of which the first of each class are chosen first; None
                for their own order.

        Returns:
            Indices of the chosen images: one image of each class, then the next of each class.
        """
        import numpy as np

        from kcnn.data.labels import strata

        order = np.arange(len(self)) if order is None else order
        labels = strata(self.labels)[order]
        turn = np.empty(len(self), dtype=np.int64)
        for label in np.unique(labels):
            members = labels == label
            turn[members] = np.arange(members.sum())
        return order[np.argsort(turn, kind="stable")][:count]

    def digest(self) -> str:
        """Return a hash of these images and labels, to notice when they change."""
        digest = hashlib.sha256(str((len(self), *self.shape)).encode("ascii"))
        self.update_hash(digest)
        return f"{self.hashed}{digest.hexdigest()}"


@dataclass(frozen=True, eq=False)
class MemoryImages(Images):
    """Images in memory.

    Args:
        pixels: uint8, (count, height, width, channels).
        labels: int32, (count,), or uint8, (count, classes).
    """

    pixels: np.ndarray
    labels: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        height, width, channels = self.pixels.shape[1:]
        return height, width, channels

    @property
    def is_in_memory(self) -> bool:
        """Whether reading costs no more than copying."""
        return True

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Copy some images."""
        images: np.ndarray = self.pixels[indices]
        return images

    def read_all(self) -> np.ndarray:
        """Return all images, which are not copied."""
        return self.pixels

    def update_hash(self, digest: _Hash, indices: np.ndarray | None = None) -> None:
        """Add pixels, then labels, to a hash."""
        import numpy as np

        if indices is None:
            digest.update(np.ascontiguousarray(self.pixels).data)
            digest.update(np.ascontiguousarray(self.labels).data)
            return
        for start in range(0, len(indices), _DIGEST_BATCH):
            digest.update(self.pixels[indices[start : start + _DIGEST_BATCH]].data)
        digest.update(self.labels[indices].data)


class SelectedImages(Images):
    """Some images of others, in an order of their own; nothing is copied.

    Args:
        base: The images to choose from.
        indices: Integers, (count,): which of them.
    """

    def __init__(self, base: Images, indices: np.ndarray) -> None:
        self._base = base
        self._indices = indices
        self.labels = base.labels[indices]
        self.hashed = base.hashed
        if base.names is not None:
            self.names = [base.names[index] for index in indices.tolist()]
            self.root = base.root
        if base.groups is not None:
            self.groups = [base.groups[index] for index in indices.tolist()]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self._base.shape

    @property
    def is_in_memory(self) -> bool:
        """Whether reading costs no more than copying."""
        return self._base.is_in_memory

    @property
    def failure(self) -> DataError | None:
        """The first error that reading the others raised."""
        return self._base.failure

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Read some of the selected images."""
        return self._base.read(self._indices[indices])

    def select(self, indices: np.ndarray) -> Images:
        """Return some of the selected images."""
        return SelectedImages(self._base, self._indices[indices])

    def update_hash(self, digest: _Hash, indices: np.ndarray | None = None) -> None:
        """Add what identifies the selected images to a hash, as if there were no others."""
        chosen = self._indices if indices is None else self._indices[indices]
        self._base.update_hash(digest, chosen)


@dataclass(frozen=True)
class Dataset:
    """Training and test images, and the names of the classes.

    Args:
        name: `cifar10` for instance, or the name of the folder or file.
        train: Training images, in the order of the files.
        test: Test images, in the order of the files.
        class_names: One name a class; a label indexes it.
        source: Where the images were read from, for messages.
        validation: Images that the files set apart for validation; None if they do not.
        skipped: Names of files that were left out because they cannot be read.
    """

    name: str
    train: Images
    test: Images
    class_names: tuple[str, ...]
    source: str
    validation: Images | None = None
    skipped: tuple[str, ...] = ()

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self.train.shape

    @property
    def has_several_labels(self) -> bool:
        """Whether images may have several labels, or none."""
        return self.train.has_several_labels

    def digest(self) -> str:
        """Return a hash of all images and labels, to notice when they change."""
        digest = hashlib.sha256()
        for part in (self.train, self.test, self.validation):
            if part is not None:
                part.update_hash(digest)
        return f"{self.train.hashed}{digest.hexdigest()}"
