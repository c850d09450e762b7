"""Files with groups or several labels are divided before any is read, as they will be later."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from kcnn.data.counts import CountError
from kcnn.data.dataset import MemoryImages
from kcnn.data.file_split import count_validation_files, set_test_files_apart
from kcnn.data.labels import strata
from kcnn.data.listing import ClassFiles, FileListing
from kcnn.data.splits import split_validation

NAMES = tuple(f"{number}.png" for number in range(60))


def listing(groups: Sequence[str]) -> FileListing:
    files = ClassFiles(NAMES, array("i", [number % 2 for number in range(60)]), tuple(groups))
    return FileListing(Path("photos"), ("cat", "dog"), files)


def test_groups_are_on_one_side() -> None:
    divided = set_test_files_apart(listing([f"animal {n // 6}" for n in range(60)]), 0.2)
    assert divided.test is not None
    assert divided.test.groups is not None
    assert divided.train.groups is not None
    assert len(divided.test) == 12
    assert not set(divided.test.groups) & set(divided.train.groups)
    assert set_test_files_apart(divided, 0.5) is divided


def test_a_class_in_one_group_is_refused() -> None:
    with pytest.raises(CountError, match=r"^data\.test: no choice among 2 groups leaves"):
        set_test_files_apart(listing([f"animal {n % 2}" for n in range(60)]), 0.2)


def test_counts_the_validation_images_of_a_training() -> None:
    groups = [f"animal {n // 7}" for n in range(60)]
    files = listing(groups).train
    images = MemoryImages(np.zeros((60, 1, 1, 1), np.uint8), np.array(files.labels, np.int32))
    object.__setattr__(images, "groups", groups)
    _, taken = split_validation(images, 0.3, 5)
    assert taken is not None
    assert count_validation_files(files, 2, 0.3, 5) == len(taken)


def test_several_labels_are_divided_by_the_rarest() -> None:
    sets = tuple((0, 1) if number % 5 == 0 else (0,) for number in range(60))
    files = ClassFiles(NAMES, array("i"), label_sets=sets)
    divided = set_test_files_apart(FileListing(Path("photos"), ("cat", "dog"), files), 0.5)
    assert divided.test is not None
    assert np.bincount(strata(divided.test.label_array(2))).tolist() == [24, 6]
