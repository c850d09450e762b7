"""IDX files, the format of MNIST (LeCun, Cortes & Burges), plain or gzipped."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from kcnn.data.cannot_read import cannot_read
from kcnn.data.dataset import Dataset, Images, MemoryImages
from kcnn.data.locate import StoredDataset
from kcnn.errors import DataError
from kcnn.text.numbers import count_text

UINT8 = 0x08
GZIP_MAGIC = b"\x1f\x8b"
MAX_VALUES = 100_000_000  # bytes; the training images of MNIST are half of it


def read_idx_dataset(stored: StoredDataset) -> Dataset:
    """Read a dataset of four IDX files: training images and labels, test images and labels.

    Args:
        stored: The dataset, found on disk.

    Raises:
        DataError: A file is damaged, or images and labels do not fit together.
    """
    train_images, train_labels, test_images, test_labels = stored.files
    return Dataset(
        stored.named.name,
        _read_part(train_images, train_labels),
        _read_part(test_images, test_labels),
        stored.named.class_names,
        str(stored.path),
    )


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """Read one IDX file of bytes.

    The header is two zero bytes, the type (8 for bytes), the number of dimensions, and each
    dimension as a big-endian 32-bit integer.

    Args:
        path: The file, plain or gzipped.
        dimensions: The number of dimensions it must have: 3 for images, 1 for labels.

    Returns:
        uint8, of the shape in the file's header.

    Raises:
        DataError: The file cannot be read, is not an IDX file, is cut off or too long.
    """
    header_bytes = 4 + 4 * dimensions
    header, content = b"", b""
    shape: tuple[int, ...] = ()
    try:
        with _opened(path) as stream:
            header = stream.read(header_bytes)
            if len(header) < header_bytes or header[:4] != bytes((0, 0, UINT8, dimensions)):
                raise DataError(
                    f"{path}: not an IDX file of bytes with {count_text(dimensions, 'dimension')}",
                    "get it again",
                )
            shape = struct.unpack(f">{dimensions}I", header[4:])
            if math.prod(shape) > MAX_VALUES:
                raise DataError(f"{path}: {shape} bytes, more than any dataset has", "get it again")
            content = stream.read(math.prod(shape) + 1)  # a small file may unpack without end
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise DataError(
            f"{path}: damaged or cut off at {path.stat().st_size:,} bytes", "get it again"
        ) from None
    except OSError as error:
        raise cannot_read(path, error) from None
    if len(content) != math.prod(shape):
        found, expected = header_bytes + len(content), header_bytes + math.prod(shape)
        more = " or more" if found > expected else ""
        raise DataError(
            f"{path}: {found:,} bytes{more}, expected {expected:,} for shape {shape}",
            "it is cut off or damaged: get it again",
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO | gzip.GzipFile]:
    """Open a file; decompress it if it is gzipped."""
    with path.open("rb") as stream:
        is_gzipped = stream.peek(len(GZIP_MAGIC)).startswith(GZIP_MAGIC)
        yield gzip.GzipFile(fileobj=stream) if is_gzipped else stream


def _read_part(images_path: Path, labels_path: Path) -> Images:
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{labels_path}: {len(labels):,} labels for the {len(images):,} images of "
            f"{images_path.name}",
            "get both files again, from one source",
        )
    return MemoryImages(images[..., np.newaxis], labels.astype(np.int32))
