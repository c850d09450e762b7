"""Answers to test images averaged over flips and small shifts: test-time augmentation."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np

from kcnn.progress import Progress
from kcnn.recipe.schema import FlipsAndShifts
from kcnn.training.scoring.scoring import batch_size, checked_forward_pass, in_batches

# Of an image in its place, shifted up-left and shifted down-right.
PLACE_WEIGHTS = (0.5, 0.25, 0.25)


def average_answers(
    model: keras.Model,
    images: np.ndarray,
    changes: FlipsAndShifts,
    progress: Progress,
    title: str = "Scoring with test-time augmentation",
) -> np.ndarray:
    """Runs a model over several versions of each image and averages what it answers.

    Versions and weights are those of airbench94 (Jordan, 2024, arXiv:2404.00498): half for the
    image in its place, a quarter each for the image shifted up-left and down-right, where mirrored
    pixels fill the edge; and each of these half as it is and half mirrored. What is averaged is the
    model's own output: logits where it ends in logits, else probabilities.

    Args:
        model: The model.
        images: uint8, (count, height, width, channels).
        changes: Which versions there are.
        progress: Told of images done.
        title: What to call this in the progress display.

    Returns:
        float32, (count, classes).

    Raises:
        TrainingError: The model answers with numbers that are not finite.
    """
    answer = checked_forward_pass(model)
    averages = []
    with progress.task(title, len(images), "images") as advance:
        for batch in in_batches(images, batch_size(model)):
            averages.append(sum(weight * answer(view) for weight, view in _views(batch, changes)))
            advance(len(batch))
    return np.concatenate(averages)


def _views(batch: np.ndarray, changes: FlipsAndShifts) -> Iterator[tuple[float, np.ndarray]]:
    """Makes the versions of a batch one at a time, each with its weight; the weights sum to 1."""
    for weight, placed in _places(batch, changes.shift):
        if changes.flip is None:
            yield weight, placed
        else:
            yield weight / 2, placed
            yield weight / 2, placed[:, :, ::-1]


def _places(batch: np.ndarray, shift: int | None) -> Iterator[tuple[float, np.ndarray]]:
    if shift is None:
        yield 1.0, batch
        return
    _, height, width, _ = batch.shape
    margin = (shift, shift)
    padded = np.pad(batch, ((0, 0), margin, margin, (0, 0)), mode="reflect")
    for weight, first in zip(PLACE_WEIGHTS, (shift, 2 * shift, 0), strict=True):
        yield weight, padded[:, first : first + height, first : first + width]
