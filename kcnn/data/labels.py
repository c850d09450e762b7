"""Labels as arrays: a class number for each image, or a row of 0 and 1 where there may be several.

The functions take both forms. Images of one class each have int32 labels of shape (images,). Where
an image may show several classes, or none, the labels are uint8 of shape (images, classes).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kcnn.runs.label_scores import NO_LABEL_TEXT as NO_LABEL_TEXT

NO_LABEL = -1  # the stratum of images that show no class
THRESHOLD = 0.5  # a label is predicted if its probability is above


def has_several(labels: np.ndarray) -> bool:
    """Return whether images may have several labels."""
    return labels.ndim == 2


def strata(labels: np.ndarray) -> np.ndarray:
    """Return the class of each image that decides which part of a dataset it goes to.

    This is the image's only label. Of several labels, it is the one that the fewest of these images
    have (of equally rare ones, the first), since there are the fewest to divide.

    Args:
        labels: The labels of all images that are divided.

    Returns:
        int, (images,); `NO_LABEL` for images without a label.
    """
    if not has_several(labels):
        return labels
    rarest_first = np.argsort(labels.sum(axis=0, dtype=np.int64), kind="stable")
    rarest = rarest_first[labels[:, rarest_first].argmax(axis=1)]
    return np.where(labels.any(axis=1), rarest, NO_LABEL)


def counts_of_classes(labels: np.ndarray, classes: int) -> np.ndarray:
    """Count the images that show each class: int64, (classes,)."""
    if has_several(labels):
        return labels.sum(axis=0, dtype=np.int64)
    return np.bincount(labels, minlength=classes)


def classes_of(label: np.ndarray) -> list[int]:
    """Return the class numbers of one image.

    Args:
        label: A class number, or a row of 0 and 1.
    """
    return [int(label)] if np.ndim(label) == 0 else np.flatnonzero(label).tolist()


def label_text(label: np.ndarray, class_names: Sequence[str]) -> str:
    """Return the names of one image's classes, separated by commas, or `no label`.

    Args:
        label: A class number, or a row of 0 and 1.
        class_names: The name of each class.
    """
    return ", ".join(class_names[index] for index in classes_of(label)) or NO_LABEL_TEXT


def decide(
    probabilities: np.ndarray, labels: np.ndarray, threshold: float = THRESHOLD
) -> np.ndarray:
    """Return the labels that a model's outputs predict, in the form of the true ones.

    Args:
        probabilities: Shape (images, classes).
        labels: The true labels, for their form.
        threshold: Above which each of several labels is predicted: 0 for logits.

    Returns:
        The class with the highest output; or, where images may have several labels, a row of 0 and
        1.
    """
    if has_several(labels):
        return (probabilities > threshold).astype(np.uint8)
    predicted: np.ndarray = probabilities.argmax(axis=1)
    return predicted


def targets(labels: np.ndarray, classes: int, one_hot: bool) -> np.ndarray:
    """Return labels as a loss takes them.

    Args:
        labels: The labels.
        classes: Number of classes.
        one_hot: Whether the loss takes rows of numbers from 0 to 1, float32 of shape (images,
            classes); else class numbers.
    """
    if has_several(labels):
        return labels.astype(np.float32)
    return np.eye(classes, dtype=np.float32)[labels] if one_hot else labels
