from __future__ import annotations

import numpy as np

from kcnn.data.catalog import NAMED_DATASETS
from kcnn.data.digits import read_digits


def test_counts_and_shapes_are_those_of_the_catalog() -> None:
    named, digits = NAMED_DATASETS["digits"], read_digits()
    assert (len(digits.train), len(digits.test)) == (named.train_count, named.test_count)
    assert digits.image_shape == named.image_shape
    assert digits.class_names == named.class_names


def test_gray_levels_fill_the_range() -> None:
    images = read_digits().train.read_all()
    assert images.dtype == np.uint8
    assert set(np.unique(images)) == {round(level * 255 / 16) for level in range(17)}


def test_split_is_fixed_and_stratified() -> None:
    first, second = read_digits(), read_digits()
    assert (first.test.read_all() == second.test.read_all()).all()
    assert set(np.bincount(first.test.labels)) <= {35, 36, 37}
