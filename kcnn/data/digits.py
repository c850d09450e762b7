"""The handwritten digits that come with scikit-learn (Alpaydin & Kaynak, 1998): no download."""

from __future__ import annotations

import numpy as np

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.dataset import Dataset, MemoryImages
from kcnn.data.splits import take_stratified

SPLIT_SEED = 0


def read_digits() -> Dataset:
    """Read the 1797 digits; a fixed fifth of every class is the test set.

    scikit-learn does not split them. Its gray levels from 0 to 16 become 0 to 255.
    """
    from sklearn.datasets import load_digits

    named = NAMED_DATASETS["digits"]
    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)[..., np.newaxis]
    labels = digits.target.astype(np.int32)
    test = take_stratified(labels, named.test_count, SPLIT_SEED, "digits")
    return Dataset(
        named.name,
        MemoryImages(images[~test], labels[~test]),
        MemoryImages(images[test], labels[test]),
        named.class_names,
        "scikit-learn",
    )
