"""Test-time augmentation: predictions averaged over flips and small shifts of each image."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from kcnn.data.dataset import Images
from kcnn.progress import Progress
from kcnn.recipe.data_settings import FlipsAndShifts
from kcnn.training.scoring.predict import batch_size, checked_forward_pass, predict_by

# For the image itself, shifted up-left and shifted down-right.
SHIFT_WEIGHTS = (0.5, 0.25, 0.25)


def predict_augmented(
    model: keras.Model,
    images: Images,
    changes: FlipsAndShifts,
    progress: Progress,
    title: str = "Scoring with test-time augmentation",
) -> np.ndarray:
    """Return a model's predictions, averaged over several versions of each image.

    Versions and weights are those of airbench94 (Jordan, 2024, arXiv:2404.00498): one half for the
    image itself, one quarter each for the image shifted up-left and down-right, with mirrored
    pixels at the edge. Each of these is again one half unflipped and one half flipped. The model's
    own outputs are averaged: logits if it has logits, else probabilities.

    Args:
        model: The model.
        images: The images.
        changes: Whether to flip, and how far to shift.
        progress: Shows how many images are done.
        title: The title in the progress display.

    Returns:
        float32, shape (count, classes).

    Raises:
        TrainingError: A prediction is not finite, or memory ran out.
    """
    predict = checked_forward_pass(model)

    def average(batch: np.ndarray) -> np.ndarray:
        return np.asarray(sum(weight * predict(view) for weight, view in _views(batch, changes)))

    return predict_by(average, images, batch_size(model), progress, title)


def _views(batch: np.ndarray, changes: FlipsAndShifts) -> Iterator[tuple[float, np.ndarray]]:
    """Yield the versions of a batch, each with its weight; the weights sum to 1."""
    for weight, shifted in _shifts(batch, changes.shift):
        if changes.flip is None:
            yield weight, shifted
        else:
            yield weight / 2, shifted
            yield weight / 2, shifted[:, :, ::-1]


def _shifts(batch: np.ndarray, shift: int | None) -> Iterator[tuple[float, np.ndarray]]:
    if shift is None:
        yield 1.0, batch
        return
    _, height, width, _ = batch.shape
    margin = (shift, shift)
    padded = np.pad(batch, ((0, 0), margin, margin, (0, 0)), mode="reflect")
    for weight, first in zip(SHIFT_WEIGHTS, (shift, 2 * shift, 0), strict=True):
        yield weight, padded[:, first : first + height, first : first + width]
