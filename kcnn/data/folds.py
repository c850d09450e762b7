"""Folds of the training images for cross-validation: stratified, and whole groups in one fold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kcnn.data.counts import CountError
from kcnn.data.dataset import Dataset, Images
from kcnn.data.labels import NO_LABEL, strata
from kcnn.text.numbers import count_text

if TYPE_CHECKING:
    from kcnn.recipe.data_settings import Fold

SETTING = "data.fold"


def take_fold(dataset: Dataset, fold: Fold) -> Dataset:
    """Return a dataset whose test images are one fold of the training images.

    The others stay for training. The dataset's own test images are not used.

    Args:
        dataset: The dataset.
        fold: Which fold, of how many.

    Raises:
        CountError: The images cannot be divided into so many folds.
    """
    numbers = fold_numbers(dataset.train, fold.of, fold.seed, dataset.class_names)
    is_taken = numbers == fold.number - 1
    return replace(
        dataset,
        train=dataset.train.select(np.flatnonzero(~is_taken)),
        test=dataset.train.select(np.flatnonzero(is_taken)),
    )


def fold_numbers(images: Images, folds: int, seed: int, class_names: Sequence[str]) -> np.ndarray:
    """Divide images into folds of about equal size that show the classes equally often.

    Without groups, the sizes of the folds differ by one image at most, and so do those of each
    class. With groups, each group is in one fold, by scikit-learn's StratifiedGroupKFold. An image
    with several labels counts as one of the rarest of them.

    Args:
        images: The images.
        folds: How many folds, 2 or more.
        seed: The same seed makes the same folds.
        class_names: The name of each class, for messages.

    Returns:
        The number of each image's fold from 0, int of shape (images,).

    Raises:
        CountError: A class has fewer images than there are folds; or there are fewer groups, one is
            larger than a fold, or one has all images of a class.
    """
    labels = strata(images.labels)
    shown, sizes = np.unique(labels, return_counts=True)
    if (size := int(sizes.min())) < folds:
        rarest = _name(shown[sizes.argmin()], class_names)
        has = count_text(size, "training image")
        reason = f"class {rarest} has {has}, fewer than {folds} folds"
        if images.has_several_labels:
            reason = f"{rarest} is the rarest label of {has}, fewer than {folds} folds"
        raise CountError(SETTING, reason, _fewer(size, "add images of that class"))
    if images.groups is not None:
        return _by_groups(labels, np.asarray(images.groups), folds, seed, class_names)
    generator = np.random.default_rng(seed)
    numbers, next_fold = np.empty(len(labels), np.int64), 0
    for label in shown:
        members = generator.permutation(np.flatnonzero(labels == label))
        # Each class goes on where the one before it ended, so that the folds have equal sizes.
        numbers[members] = (next_fold + np.arange(len(members))) % folds
        next_fold += len(members)
    return numbers


def _by_groups(
    labels: np.ndarray, groups: np.ndarray, folds: int, seed: int, class_names: Sequence[str]
) -> np.ndarray:
    from sklearn.model_selection import StratifiedGroupKFold

    names, group_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(names) < folds:
        have = count_text(len(names), "group")
        reason = f"the training images have {have}, fewer than {folds} folds"
        raise CountError(SETTING, reason, _fewer(len(names), "divide the images into more groups"))
    largest, room = int(sizes.max()), -(-len(labels) // folds)
    if len(names) == folds:  # leave one group out: each is a fold, whatever its size
        numbers = np.random.default_rng(seed).permutation(folds)[group_of]
    elif largest > room:
        reason = (
            f"group {names[sizes.argmax()]} has {largest} of {len(labels)} training images, more "
            f"than the {room} of one of {folds} folds"
        )
        fix = _fewer(len(labels) // largest, "divide that group")
        raise CountError(SETTING, reason, fix)
    else:
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        numbers = np.empty(len(labels), np.int64)
        for number, (_, taken) in enumerate(splitter.split(labels, labels, groups)):
            numbers[taken] = number
    for number in range(folds):
        absent = np.setdiff1d(labels, labels[numbers != number])
        if len(absent):
            name = _name(absent[0], class_names)
            reason = f"without fold {number + 1} of {folds}, no image of class {name} is left"
            fix = f"divide the images of {name} into more groups, or choose another seed"
            raise CountError(SETTING, reason, fix)
    return numbers


def _name(stratum: int, class_names: Sequence[str]) -> str:
    return "no label" if stratum == NO_LABEL else class_names[stratum]


def _fewer(folds: int, otherwise: str) -> str:
    """Return a hint to make fewer folds, if at least two are possible."""
    return f"make at most {folds} folds, or {otherwise}" if folds >= 2 else otherwise
