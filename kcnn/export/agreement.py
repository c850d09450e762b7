"""How closely an artefact predicts what its model predicts, and whether that is close enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcnn.data.labels import THRESHOLD
from kcnn.errors import ConversionError
from kcnn.export.format import Tolerance


@dataclass(frozen=True)
class Agreement:
    """How closely an artefact predicts what its model predicts.

    Args:
        images: Number of images compared, each with every signature.
        largest_difference: Of two probabilities, over all images, classes and signatures.
        mean_difference: The mean over all images and classes, for the signature with the largest.
        moved: The fraction of the probability that moved to other classes, over all images; of
            several labels, the mean difference.
        other_classes: Number of images with another predicted class or label, for the signature
            with the most of them.
        right: Number of images whose predicted class or labels are right, for the signature with
            the fewest; of several labels, the number of right decisions divided by the number of
            classes. NaN if the labels are of another kind.
    """

    images: int
    largest_difference: float
    mean_difference: float
    moved: float
    other_classes: int
    right: float

    @property
    def accuracy(self) -> float:
        """The fraction of the images that the artefact classifies right."""
        return self.right / self.images

    def within(self, tolerance: Tolerance) -> bool:
        """Return whether the predictions agree closely enough."""
        # `not <=` in this order, so that NaN is no agreement.
        limit = tolerance.largest_difference
        if not self.largest_difference <= (1 if limit is None else limit):
            return False
        if tolerance.moved is not None and not self.moved <= tolerance.moved:
            return False
        return self.other_classes <= tolerance.allowed_images(self.images)


def compare(
    predictions: Sequence[np.ndarray],
    probabilities: np.ndarray,
    labels: np.ndarray,
    several_labels: bool = False,
) -> Agreement:
    """Compare an artefact's predictions with the model's, one by one.

    Args:
        predictions: The artefact's, float32, (count, classes), of each signature.
        probabilities: The model's for the same images.
        labels: The labels of the images.
        several_labels: Whether the model predicts several labels an image, yes or no.
    """
    model_classes = _decided(probabilities, several_labels)
    largest, mean, other_classes, right = [], [], [], []
    for exported in predictions:
        classes = _decided(exported, several_labels)
        differences = np.abs(exported - probabilities)
        largest.append(float(differences.max()))
        mean.append(float(differences.mean()))
        differs = (classes != model_classes).reshape(len(labels), -1).any(axis=1)
        other_classes.append(int(differs.sum()))
        is_comparable = classes.shape == labels.shape
        accuracy = float(np.mean(classes == labels)) if is_comparable else float("nan")
        right.append(accuracy * len(labels))
    return Agreement(
        images=len(labels),
        # Not `max`, which may pass over NaN.
        largest_difference=float(np.max(largest)),
        mean_difference=float(np.max(mean)),
        moved=float(np.max(mean)) * (1 if several_labels else probabilities.shape[1] / 2),
        other_classes=max(other_classes),
        right=min(right),
    )


def disagreement(
    agreement: Agreement, tolerance: Tolerance, quantize: str | None = None
) -> ConversionError:
    """Return the error of an artefact that does not predict what its model predicts."""
    differ = f"probabilities differ by up to {agreement.largest_difference:.2g}"
    if tolerance.largest_difference is not None:
        differ += f" (allowed {tolerance.largest_difference:g})"
    if tolerance.moved is not None:
        differ += (
            f", {100 * agreement.moved:.3g} % of the probability moves to other classes "
            f"(allowed {100 * tolerance.moved:g} %)"
        )
    advice = "please report this with the run's resolved.yaml"
    if quantize is not None:  # the loss of digits may be too much for this model
        advice = "choose another --quantize, or leave it out"
    return ConversionError(
        f"it does not predict what the model predicts: {differ}, "
        f"{agreement.other_classes:,} of {agreement.images:,} images get another class "
        f"(allowed {tolerance.allowed_images(agreement.images):,})",
        f"nothing was written; {advice}",
    )


def _decided(probabilities: np.ndarray, several_labels: bool) -> np.ndarray:
    """Return the class of each image, (count,); or its labels, bool of shape (count, classes)."""
    decided: np.ndarray = (
        probabilities > THRESHOLD if several_labels else probabilities.argmax(axis=1)
    )
    return decided
