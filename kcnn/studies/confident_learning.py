"""Confident learning: which labels are probably wrong, by probabilities from cross-validation.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70, 1373-1411. The library of its authors, cleanlab,
finds the same (tests compare with it); these are the few lines of it that kcnn needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelErrors:
    """Images whose labels are probably wrong, the most doubtful first.

    Args:
        index: int64, (count,): which images.
        suggested: int64, (count,): the class that the model finds more likely.
        label_probability: float64, (count,): of the given label.
        suggested_probability: float64, (count,): of the suggested class.
    """

    index: np.ndarray
    suggested: np.ndarray
    label_probability: np.ndarray
    suggested_probability: np.ndarray

    def __len__(self) -> int:
        return len(self.index)


def find_label_errors(labels: np.ndarray, probabilities: np.ndarray) -> LabelErrors:
    """Find labels that are probably wrong: those off the diagonal of the confident joint.

    The threshold of a class is the mean of its probability over the images with its label: what
    this model is used to. An image is counted where it reaches the threshold of a class, the most
    probable one if it reaches several. If that is not its label, the label is probably wrong.
    They are ordered by their normalized margin: the probability of the label minus the suggested
    class's.

    Args:
        labels: int, (images,): the given labels.
        probabilities: float, (images, classes): of a model that was trained without the image.
    """
    rows = np.arange(len(labels))
    probabilities = probabilities.astype(np.float64)
    confident = np.where(probabilities >= _thresholds(labels, probabilities), probabilities, -1)
    suggested = confident.argmax(axis=1)
    is_confident = confident[rows, suggested] >= 0
    # A class with a low threshold may be reached although the label is still more probable.
    is_likelier = probabilities[rows, suggested] > probabilities[rows, labels]
    wrong = np.flatnonzero(is_confident & is_likelier & (suggested != labels))
    of_label = probabilities[wrong, labels[wrong]]
    of_suggested = probabilities[wrong, suggested[wrong]]
    order = np.argsort(of_label - of_suggested, kind="stable")
    return LabelErrors(wrong[order], suggested[wrong][order], of_label[order], of_suggested[order])


def _thresholds(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return the mean probability of each class over its own images; above 1 for an absent one."""
    classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels]
    sums = np.bincount(labels, weights=own, minlength=classes)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 2.0)
