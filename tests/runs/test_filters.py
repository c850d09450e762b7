from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.runs.filters import read_filters, write_filters
from kcnn.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_filters_are_read_as_float32(run: RunFolder) -> None:
    np.savez(run.filters, before=np.zeros((3, 3, 1, 8)), after=np.ones((3, 3, 1, 8)))
    before, after = read_filters(run)
    assert before.shape == (3, 3, 1, 8)
    assert after.dtype == np.float32


def test_damaged_filters_are_a_run_error(run: RunFolder) -> None:
    run.filters.write_bytes(b"rubbish")
    with pytest.raises(RunError, match=r"filters\.npz: expected the arrays"):
        read_filters(run)
    np.savez(run.filters, before=np.array([None]), after=np.array([None]))
    with pytest.raises(RunError, match=r"filters\.npz: expected the arrays"):
        read_filters(run)
    np.savez(run.filters, before=np.zeros((3, 3, 1, 8)), after=np.ones((3, 3, 1, 4)))
    with pytest.raises(RunError, match="of one shape"):
        read_filters(run)
    np.savez(run.filters, before=np.zeros((3, 3)), after=np.ones((3, 3)))
    with pytest.raises(RunError, match="of one shape"):
        read_filters(run)
    np.savez(run.filters, before=np.zeros((3, 3, 1, 8)), after=np.full((3, 3, 1, 8), "a"))
    with pytest.raises(RunError, match="expected numbers, found float64 and <U1"):
        read_filters(run)


def test_filters_read_back(run: RunFolder) -> None:
    kernel = np.ones((3, 3, 1, 8), np.float32)
    write_filters(run, kernel, 2 * kernel)
    before, after = read_filters(run)
    np.testing.assert_array_equal(before, kernel)
    np.testing.assert_array_equal(after, 2 * kernel)


def test_no_filters_without_a_convolution(run: RunFolder) -> None:
    write_filters(run, None, None)
    with pytest.raises(RunError, match=r"filters\.npz: missing") as caught:
        read_filters(run)
    assert "its model has no convolution" in str(caught.value.hint)
