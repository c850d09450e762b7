"""Divide listed files by their labels and groups, before any of them is read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kcnn.data.labels import strata
from kcnn.data.listing import ClassFiles, FileListing
from kcnn.data.splits import take_stratified

SPLIT_SEED = 0


def set_test_files_apart(listing: FileListing, test: int | float) -> FileListing:
    """Return a listing that has test images: its own, or the same part of `train` each time.

    Args:
        listing: The files.
        test: As `take_stratified` takes it.

    Raises:
        CountError: So many cannot be taken, or a class would be left without training images.
    """
    if listing.test is not None:
        return listing
    taken = _taken(listing.train, len(listing.class_names), float(test), SPLIT_SEED, "data.test")
    return replace(
        listing,
        train=listing.train.select(np.flatnonzero(~taken).tolist()),
        test=listing.train.select(np.flatnonzero(taken).tolist()),
    )


def count_validation_files(
    train: ClassFiles, classes: int, validation: int | float, seed: int
) -> int:
    """Return how many of the training files `split_validation` will take.

    Raises:
        CountError: As of `split_validation`.
    """
    return int(_taken(train, classes, validation, seed, "data.validation").sum())


def _taken(
    files: ClassFiles, classes: int, wanted: int | float, seed: int, setting: str
) -> np.ndarray:
    labels = strata(files.label_array(classes))
    return take_stratified(labels, wanted, seed, setting, files.groups)
