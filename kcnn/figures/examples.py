"""Images whose feature maps are drawn, with their captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kcnn.data.dataset import Images
from kcnn.data.labels import label_text
from kcnn.figures.mistakes import most_confident_mistakes, require_same_images
from kcnn.runs.label_scores import LabelPredictions
from kcnn.runs.scores import Predictions
from kcnn.text.cells import keep_order
from kcnn.text.distinct import shorten_distinct
from kcnn.text.numbers import short_per_cent
from kcnn.text.printable import one_line

MAX_NAME_LENGTH = 24


@dataclass(frozen=True)
class Example:
    """An image whose feature maps are drawn.

    Args:
        pixels: uint8, shape (height, width, channels).
        caption: The image and its predicted class, in a few lines.
    """

    pixels: np.ndarray
    caption: str


def user_image(pixels: np.ndarray, name: str, prediction: tuple[str, float] | None) -> Example:
    """Return an example for an image file of the user.

    Args:
        pixels: uint8, shape (height, width, channels), resized to the model's input.
        name: The file's name.
        prediction: The most probable class and its probability from 0 to 1; None if the run was
            never scored.
    """
    # A file name may hold bytes that are not UTF-8, which Matplotlib cannot draw.
    readable = name.encode("utf-8", "replace").decode()
    outcome = "the run was not scored"
    if prediction is not None:
        outcome = _predicted(one_line(prediction[0], MAX_NAME_LENGTH), prediction[1])
    return Example(pixels, f"{one_line(readable, 2 * MAX_NAME_LENGTH)}\n{outcome}")


def first_example(test: Images, class_names: Sequence[str]) -> Example:
    """Return the first test image, for a run that was never scored."""
    names = shorten_distinct(class_names, MAX_NAME_LENGTH)
    word = "labels" if test.has_several_labels else "class"
    true = f"true {word}: {_labels(test.labels[0], names)}"
    return Example(test.read_one(0), f"first test image, the run was not scored\n{true}")


def right_and_wrong(
    test: Images, predictions: Predictions | LabelPredictions, class_names: Sequence[str]
) -> list[Example]:
    """Return the first test image that was classified right, and the most confident mistake.

    Args:
        test: The test images that the run was scored on.
        predictions: The model's predictions for them.
        class_names: The name of each class.

    Returns:
        Two examples, the right one first. If all images are right or all are wrong, one example
        whose caption shows it.

    Raises:
        RunError: The predictions belong to other images.
    """
    require_same_images(test, predictions, len(class_names))
    right = np.flatnonzero(predictions.is_right)
    wrong = most_confident_mistakes(predictions)
    chosen = []
    if len(right):
        outcome = "right" if len(wrong) else f"right, as all {len(right):,} test images are"
        chosen.append((right[0], outcome))
    if len(wrong):
        outcome = "wrong, the most confident mistake"
        chosen.append((wrong[0], outcome if len(right) else f"{outcome}; no test image is right"))
    names = shorten_distinct(class_names, MAX_NAME_LENGTH)
    return [_example(test, predictions, names, row, outcome) for row, outcome in chosen]


def _example(
    test: Images,
    predictions: Predictions | LabelPredictions,
    names: Sequence[str],
    row: int,
    outcome: str,
) -> Example:
    index = int(predictions.index[row])
    file = "" if test.names is None else f"{one_line(test.names[index], 2 * MAX_NAME_LENGTH)}\n"
    caption = f"test image {index}: {outcome}\n{file}"
    if isinstance(predictions, LabelPredictions):
        caption += (
            f"true labels: {_labels(predictions.label[row], names)}\n"
            f"predicted: {_labels(predictions.predicted[row], names)}"
        )
    else:
        predicted = names[predictions.predicted[row]]
        caption += (
            f"true class: {names[predictions.label[row]]}\n"
            f"{_predicted(predicted, predictions.probability[row])}"
        )
    return Example(test.read_one(index), caption)


def _labels(label: np.ndarray, names: Sequence[str]) -> str:
    return one_line(label_text(label, names), 2 * MAX_NAME_LENGTH)


def _predicted(name: str, probability: float) -> str:
    return f"predicted: {keep_order(name)}, {short_per_cent(probability)}"
