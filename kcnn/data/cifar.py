"""CIFAR-10 and CIFAR-100 in their binary layout (Krizhevsky, 2009).

A record is one label byte (CIFAR-100: the coarse label, then the fine one) and 3072 pixel bytes:
the red, the green and the blue plane of a 32×32 image, row by row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.data.locate import StoredDataset
from kcnn.data.members import how_to_replace, read_members
from kcnn.errors import DataError

SIDE = 32
PIXEL_BYTES = 3 * SIDE * SIDE

# Name of a member, its content, expected images -> pixel planes (count, 3072) and labels (count,).
Decode = Callable[[str, bytes, int], tuple[np.ndarray, np.ndarray]]


def read_cifar(stored: StoredDataset) -> Dataset:
    """Read the binary layout, from a folder or out of a tar file.

    Args:
        stored: CIFAR-10 or CIFAR-100, found on disk.

    Returns:
        The dataset; CIFAR-100 with its fine labels.

    Raises:
        DataError: A file is missing, damaged, too short or too long, or has a label out of range.
    """
    label_bytes = 1 if stored.named.name == "cifar10" else 2

    def decode(name: str, content: bytes, count: int) -> tuple[np.ndarray, np.ndarray]:
        record_bytes = label_bytes + PIXEL_BYTES
        if len(content) != count * record_bytes:
            raise DataError(
                f"{stored.path}: {name} has {len(content):,} bytes, expected "
                f"{count * record_bytes:,} ({count:,} records of {record_bytes:,})",
                how_to_replace(stored),
            )
        records = np.frombuffer(content, np.uint8).reshape(count, record_bytes)
        return records[:, label_bytes:], records[:, label_bytes - 1]

    return assemble(stored, decode)


def assemble(stored: StoredDataset, decode: Decode) -> Dataset:
    """Assemble a dataset from its members, each decoded into its part of the arrays.

    Args:
        stored: CIFAR-10 or CIFAR-100, found on disk.
        decode: Returns the pixel planes (count, 3072) and labels (count,) of a member, uint8.

    Raises:
        DataError: A member is missing or damaged, or there are too few or too many class names.
    """
    named = stored.named
    *train_members, test_member = stored.layout.members
    batch = named.train_count // len(train_members)
    train, test = _empty(named.train_count), _empty(named.test_count)
    parts = {
        name: MemoryImages(train.pixels[start : start + batch], train.labels[start : start + batch])
        for name, start in zip(train_members, range(0, named.train_count, batch), strict=True)
    }
    parts[test_member] = test
    class_names = named.class_names
    # Pickles hold file names as well, and some write every other byte as two.
    largest = max(len(part) for part in parts.values()) * PIXEL_BYTES * 2
    for name, content in read_members(stored, largest):
        if name == stored.layout.class_names_member:
            class_names = tuple(content.decode("utf-8", errors="replace").split())
        else:
            part = parts[name]
            planes, part.labels[:] = decode(name, content, len(part))
            # One channel at a time: NumPy takes ten times as long for all three at once.
            for channel in range(3):
                plane = planes[:, channel * SIDE * SIDE : (channel + 1) * SIDE * SIDE]
                part.pixels[..., channel] = plane.reshape(-1, SIDE, SIDE)
    _require_class_count(stored, class_names)
    return Dataset(named.name, train, test, class_names, str(stored.path))


def _empty(count: int) -> MemoryImages:
    return MemoryImages(np.empty((count, SIDE, SIDE, 3), np.uint8), np.empty(count, np.int32))


def _require_class_count(stored: StoredDataset, class_names: tuple[str, ...]) -> None:
    expected = len(stored.named.class_names)
    if len(class_names) != expected:
        raise DataError(
            f"{stored.path}: {stored.layout.class_names_member} names {len(class_names)} "
            f"classes, expected {expected}"
        )
