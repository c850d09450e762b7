"""CIFAR-10 and CIFAR-100 in their Python layout: pickles, of which only the originals are read."""

from __future__ import annotations

import hashlib
import pickle
import warnings

import numpy as np

from kcnn.data.cifar import assemble
from kcnn.data.dataset import Dataset
from kcnn.data.locate import StoredDataset
from kcnn.data.members import how_to_replace
from kcnn.errors import DataError


def read_cifar_python(stored: StoredDataset) -> Dataset:
    """Read the Python layout, from a folder or out of a tar file.

    Args:
        stored: CIFAR-10 or CIFAR-100, found on disk.

    Returns:
        The dataset; CIFAR-100 with its fine labels.

    Raises:
        DataError: A file is missing, or is not the original one.
    """
    labels_key = b"labels" if stored.named.name == "cifar10" else b"fine_labels"

    def decode(name: str, content: bytes, count: int) -> tuple[np.ndarray, np.ndarray]:
        _require_original(stored, name, content)
        with warnings.catch_warnings():
            # NumPy warns of how NumPy 1 wrote the dtype.
            warnings.simplefilter("ignore")
            batch = pickle.loads(content, encoding="bytes")
        return batch[b"data"], np.array(batch[labels_key], np.uint8)

    return assemble(stored, decode)


def _require_original(stored: StoredDataset, name: str, content: bytes) -> None:
    """Raise unless a file has its known hash: any other pickle could run code.

    MD5 is safe here: nobody can make another file with the hash of a given one. Attacks on MD5
    make two files of the same hash, both of them new.
    """
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if stored.named.known_hashes[name] != f"md5:{digest}":
        raise DataError(
            f"{stored.path}: {name} is not the original file, and another pickle could run code",
            f"{how_to_replace(stored)}; or save your own images as .npz, for dataset: npz",
        )
