"""Stratified splits: every class keeps its fraction of the images.

Images with several labels are divided by the rarest of them, as `kcnn.data.labels.strata` says.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kcnn.data.counts import CountError, resolve_count
from kcnn.data.dataset import Dataset, Images
from kcnn.data.labels import strata
from kcnn.errors import DataError


def set_validation_apart(
    dataset: Dataset, validation: int | float, seed: int
) -> tuple[Dataset, Images | None]:
    """Take validation images out of the training images, unless the dataset has its own.

    Args:
        dataset: The dataset.
        validation: As of `split_validation`.
        seed: As of `split_validation`.

    Returns:
        The dataset with the training images that are left, and the validation images, if any: the
        dataset's own if `validation` is 0.

    Raises:
        CountError: As of `split_validation`.
    """
    if validation == 0:
        return dataset, dataset.validation
    train, taken = split_validation(dataset.train, validation, seed)
    return replace(dataset, train=train), taken


def split_validation(
    train: Images, validation: int | float, seed: int
) -> tuple[Images, Images | None]:
    """Take validation images out of the training set.

    Args:
        train: The training images.
        validation: A number of images, or a fraction; 0 takes none.
        seed: The same seed takes the same images.

    Returns:
        The training images that are left and the validation images, both in their old order; None
        instead of the latter if validation is 0.

    Raises:
        CountError: So many cannot be taken, or a class would be left without training images.
    """
    if validation == 0:
        return train, None
    labels = strata(train.labels)
    taken = take_stratified(labels, validation, seed, "data.validation", train.groups)
    return train.select(np.flatnonzero(~taken)), train.select(np.flatnonzero(taken))


def take_stratified(
    labels: np.ndarray,
    wanted: int | float,
    seed: int,
    setting: str,
    groups: Sequence[str] | None = None,
) -> np.ndarray:
    """Choose images from all classes, in proportion to the sizes of the classes.

    Where images belong to groups, whole groups are chosen, so that no group is on both sides; the
    number of images is then about the one asked for.

    The part of a class is `count * size / total`, which is rarely a whole number. It is rounded
    down, or up for the classes with the largest remainders (the first of equals), until the parts
    add up to the count. At least one image of each class stays. Small classes therefore cannot
    always round up; if images are then still missing, each class with more than one image left
    adds another, again the largest remainders first, until there are enough.

    Args:
        labels: int, (count,): the class of each image.
        wanted: A number of images, or a fraction.
        seed: The same seed chooses the same images.
        setting: The setting that asks for it, as errors name it.
        groups: The name of each image's group; None if they have none.

    Returns:
        bool, (count,): which images are chosen; without groups, exactly as many as asked for.

    Raises:
        CountError: So many cannot be chosen, or a class would be chosen whole.

    Example:
        49 images of classes of 5, 5, 22 and 22 images: the parts are 4.5, 4.5, 19.96 and 19.96.
        At most 4 can come from each small class, so 41 come from the others: 21 and 20.
    """
    classes, sizes = np.unique(labels, return_counts=True)
    count = resolve_count(wanted, len(labels), len(classes), setting)
    if groups is not None:
        return _take_groups(labels, np.asarray(groups), count, seed, setting)
    counts = _counts(sizes, count)
    generator = np.random.default_rng(seed)
    taken = np.zeros(len(labels), bool)
    for label, chosen in zip(classes, counts, strict=True):
        taken[generator.choice(np.flatnonzero(labels == label), chosen, replace=False)] = True
    return taken


def _take_groups(
    labels: np.ndarray, groups: np.ndarray, count: int, seed: int, setting: str
) -> np.ndarray:
    """Choose whole groups with about so many images, and images of each class on the other side."""
    from sklearn.model_selection import StratifiedGroupKFold

    names = np.unique(groups)
    folds = min(max(2, round(len(labels) / count)), len(names))
    if folds < 2:
        reason = f"all images are of the group {names[0]}, which cannot be on both sides"
        raise CountError(setting, reason, "divide the images into more groups")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # That a class has fewer images than there are folds. Only one of the folds is taken.
        warnings.simplefilter("ignore", UserWarning)
        choices = [chosen for _, chosen in splitter.split(labels, labels, groups)]
    choices.sort(key=lambda chosen: abs(len(chosen) - count))
    for chosen in choices:
        taken = np.zeros(len(labels), bool)
        taken[chosen] = True
        if len(chosen) and len(np.unique(labels[~taken])) == len(np.unique(labels)):
            return taken
    raise CountError(
        setting,
        f"no choice among {len(names)} groups leaves training images of each class",
        "divide the images of each class into more groups",
    )


def _counts(sizes: np.ndarray, count: int) -> np.ndarray:
    """Compute how many images to choose from each class, as `take_stratified` describes."""
    counts, remainders = np.divmod(sizes * count, sizes.sum())
    largest_first = np.argsort(-remainders, kind="stable")
    while (missing := count - counts.sum()) > 0:
        with_two_left = largest_first[counts[largest_first] < sizes[largest_first] - 1]
        counts[with_two_left[:missing]] += 1
    return counts


def steps_per_epoch(count: int, batch_size: int, drop_remainder: bool = False) -> int:
    """Return the number of batches of an epoch.

    Args:
        count: Number of training images.
        batch_size: Images in a batch.
        drop_remainder: Whether a last, smaller batch is left out.

    Raises:
        DataError: There would be none.
    """
    steps = count // batch_size if drop_remainder else -(-count // batch_size)
    if steps == 0:
        raise DataError(
            f"an epoch would have no batch: {count} training images, batch_size {batch_size}",
            "set a smaller train.batch_size" if count else "choose fewer validation images",
        )
    return steps
