"""Images to follow through a net, and what to say of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcnn.data.dataset import Images
from kcnn.figures import style
from kcnn.figures.curves import percent
from kcnn.figures.mistakes import most_confident_mistakes, require_same_images
from kcnn.runs.scores import Predictions

LONGEST_NAME = 24


@dataclass(frozen=True)
class Example:
    """An image to follow through a net.

    Args:
        pixels: uint8, shape (height, width, channels).
        caption: What it is and what the model takes it for, in a few lines.
    """

    pixels: np.ndarray
    caption: str


def own_image(pixels: np.ndarray, name: str, answer: tuple[str, float] | None) -> Example:
    """Captions an image of a person's own.

    Args:
        pixels: uint8, shape (height, width, channels), as the model takes it.
        name: The file's name.
        answer: The class that the model finds most probable, and its probability from 0 to 1; None
            for a run that was never scored.
    """
    # A file's name may hold bytes that are no text, which cannot be drawn.
    readable = name.encode("utf-8", "replace").decode()
    words = "the run was not scored" if answer is None else _predicted(*answer)
    return Example(pixels, f"{style.shorten(readable, 2 * LONGEST_NAME)}\n{words}")


def first_example(test: Images, class_names: Sequence[str]) -> Example:
    """Takes the first test image, of a run that was never scored."""
    true = f"true class: {style.shorten(class_names[test.labels[0]], LONGEST_NAME)}"
    return Example(test.images[0], f"first test image, the run was not scored\n{true}")


def right_and_wrong(
    test: Images, predictions: Predictions, class_names: Sequence[str]
) -> list[Example]:
    """Takes the first test image that was classified right, and the most confident mistake.

    Args:
        test: The test images that the run was scored on.
        predictions: What the model said of them.
        class_names: One name a class.

    Returns:
        Both, the right one first; when all are right or all are wrong, one that says so.

    Raises:
        RunError: The predictions belong to other images.
    """
    require_same_images(test, predictions, len(class_names))
    right = np.flatnonzero(predictions.predicted == predictions.label)
    wrong = most_confident_mistakes(predictions)
    chosen = []
    if len(right):
        words = "right" if len(wrong) else f"right, as all {len(right):,} test images are"
        chosen.append((right[0], words))
    if len(wrong):
        words = "wrong, the most confident mistake"
        chosen.append((wrong[0], words if len(right) else f"{words}; no test image is right"))
    return [_example(test, predictions, class_names, row, words) for row, words in chosen]


def _example(
    test: Images, predictions: Predictions, class_names: Sequence[str], row: int, words: str
) -> Example:
    index = predictions.index[row]
    predicted = class_names[predictions.predicted[row]]
    caption = (
        f"test image {index}: {words}\n"
        f"true class: {style.shorten(class_names[predictions.label[row]], LONGEST_NAME)}\n"
        f"{_predicted(predicted, predictions.probability[row])}"
    )
    return Example(test.images[index], caption)


def _predicted(name: str, probability: float) -> str:
    return f"predicted: {style.shorten(name, LONGEST_NAME)}, {percent(probability)}"
