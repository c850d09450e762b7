"""The handwritten digits that come with scikit-learn (Alpaydin & Kaynak, 1998): no download."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.data.splits import take_stratified

SIDE = 8
SPLIT_SEED = 0


def read_digits() -> Dataset:
    """Read the 1797 digits; a fixed fifth of every class is the test set.

    scikit-learn does not split them. Its gray levels from 0 to 16 become 0 to 255.
    """
    named = NAMED_DATASETS["digits"]
    table = _read_table()
    images = np.rint(table[:, :-1] * (255 / 16)).astype(np.uint8).reshape(-1, SIDE, SIDE, 1)
    labels = table[:, -1].astype(np.int32)
    test = take_stratified(labels, named.test_count, SPLIT_SEED, "digits")
    return Dataset(
        named.name,
        MemoryImages(images[~test], labels[~test]),
        MemoryImages(images[test], labels[test]),
        named.class_names,
        "scikit-learn",
    )


def _read_table() -> np.ndarray:
    """Read scikit-learn's file without scikit-learn, whose import takes a second.

    Returns:
        float64, (digits, 65): the 64 gray levels of each digit, from 0 to 16, and its label.
    """
    package = find_spec("sklearn")
    assert package is not None and package.origin is not None
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if path.is_file():
        return np.loadtxt(path, delimiter=",")
    from sklearn.datasets import load_digits  # for a version that keeps its file elsewhere

    digits = load_digits()
    return np.column_stack([digits.data, digits.target])
