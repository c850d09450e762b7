"""Weights of the loss by class, for classes of unequal size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from kcnn.errors import DataError
from kcnn.text.did_you_mean import did_you_mean
from kcnn.text.listed import listed

if TYPE_CHECKING:
    import numpy as np

MAX_LISTED = 10  # classes
# A weight on fewer images than this makes training follow a handful of them. The stamps in
# docs/own-images.md have 19 in the smallest class: over two seeds, weights took 4.8 points from the
# accuracy and 2.2 from the mean of the classes, though with one of the seeds they gave it 3.1.
LEAST_WEIGHTED = 50


class UnknownClassError(DataError):
    """A weight is written for a class that the dataset does not have.

    Args:
        name: The class, as it was written.
        reason: What is wrong with it.
        hint: What to write instead.
    """

    def __init__(self, name: str, reason: str, hint: str) -> None:
        super().__init__(f"{name}: {reason}", hint)
        self.name = name
        self.reason = reason


def require_class_names(named: Mapping[str, float], class_names: Sequence[str]) -> None:
    """Check that weights are written for classes that exist.

    Raises:
        UnknownClassError: One is not.
    """
    for name in named:
        if name not in class_names:
            reason = f"no such class{did_you_mean(name, class_names)}"
            known = listed(class_names, MAX_LISTED)
            raise UnknownClassError(name, reason, f"the classes are {known}")


def class_weights(
    setting: str | Mapping[str, float], labels: np.ndarray, class_names: Sequence[str]
) -> np.ndarray:
    """Return the weight of each class.

    `balanced` is scikit-learn's: images / (classes × images of the class), where classes without
    images are not counted. So the weights of all images sum to the number of images, and those of
    each class to the same. They follow King and Zeng (2001), "Logistic regression in rare events
    data", Political Analysis 9. Classes that the setting does not name weigh 1, as in Keras.

    Args:
        setting: `balanced`, or weights by class.
        labels: Class indices of the training images, int of shape (images,).
        class_names: The name of each class.

    Returns:
        float32, shape (classes,).

    Raises:
        UnknownClassError: The setting names a class that does not exist.
        DataError: All training images would weigh 0.
    """
    import numpy as np

    counts = np.bincount(labels, minlength=len(class_names))
    if isinstance(setting, str):
        weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
        return np.where(counts > 0, weights, 1).astype(np.float32)
    require_class_names(setting, class_names)
    weights = np.array([setting.get(name, 1.0) for name in class_names], np.float32)
    if not weights[counts > 0].any():
        raise DataError(
            "train.class_weight: all training images weigh 0", "give a class a weight above 0"
        )
    return weights


def weights_text(weights: np.ndarray, class_names: Sequence[str]) -> str:
    """Return the weights in one line: those of a few classes, or the extremes of many."""
    order = sorted(range(len(weights)), key=lambda label: -weights[label])
    if len(order) > MAX_LISTED:
        order = [order[0], order[-1]]
        named = " to ".join(f"{weights[label]:.3g} ({class_names[label]})" for label in order)
        return f"class weights: {named}"
    named = ", ".join(f"{class_names[label]}: {weights[label]:.3g}" for label in order)
    return f"class weights: {named}"
