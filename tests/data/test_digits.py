from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from kcnn.data import digits as digits_module
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


def test_table_is_that_of_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = load_digits()
    table = digits_module._read_table()
    np.testing.assert_array_equal(table[:, :-1], expected.data)
    np.testing.assert_array_equal(table[:, -1], expected.target)
    # A later version may keep its file elsewhere.
    monkeypatch.setattr(digits_module, "find_spec", lambda name: sys.modules["json"].__spec__)
    np.testing.assert_array_equal(digits_module._read_table(), table)


def test_needs_no_import_of_scikit_learn() -> None:
    program = (
        "import sys; from kcnn.data.digits import read_digits; read_digits(); "
        "print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n"
