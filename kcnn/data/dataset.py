"""Images and labels in memory, in the form that every other part of kcnn expects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Images:
    """Images with their labels.

    Args:
        images: uint8, shape (count, height, width, channels).
        labels: int32, shape (count,); each is an index into the class names.
    """

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def first(self, count: int) -> Images:
        """Return the first `count` images, or all if there are fewer."""
        return Images(self.images[:count], self.labels[:count])

    def by_turns(self, count: int, order: np.ndarray | None = None) -> np.ndarray:
        """Choose images so that every class comes once before any comes twice.

        Args:
            count: How many to choose; all if there are fewer.
            order: Indices of all images, of which the first of each class are chosen first; None
                for their own order.

        Returns:
            Indices of the chosen images: one image of each class, then the next of each class.
        """
        import numpy as np

        order = np.arange(len(self)) if order is None else order
        labels = self.labels[order]
        turn = np.empty(len(self), dtype=np.int64)
        for label in np.unique(labels):
            members = labels == label
            turn[members] = np.arange(members.sum())
        return order[np.argsort(turn, kind="stable")][:count]

    def digest(self) -> str:
        """Return a hash of these images and labels, to notice when they change."""
        import numpy as np

        digest = hashlib.sha256(str(self.images.shape).encode("ascii"))
        digest.update(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()


@dataclass(frozen=True)
class Dataset:
    """Training and test images, and the names of the classes.

    Args:
        name: `cifar10` for instance, or the name of the folder or file.
        train: Training images, in the order of the files.
        test: Test images, in the order of the files.
        class_names: One name a class; a label indexes it.
        source: Where the images were read from, for messages.
    """

    name: str
    train: Images
    test: Images
    class_names: tuple[str, ...]
    source: str

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        height, width, channels = self.train.images.shape[1:]
        return height, width, channels

    def digest(self) -> str:
        """Return a hash of all images and labels, to notice when they change."""
        import numpy as np

        digest = hashlib.sha256()
        for part in (self.train, self.test):
            digest.update(np.ascontiguousarray(part.images).data)
            digest.update(np.ascontiguousarray(part.labels).data)
        return digest.hexdigest()
