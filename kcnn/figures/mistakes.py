"""The test images on which the model was wrong and most sure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.data.dataset import Images
from kcnn.errors import RunError
from kcnn.figures import style
from kcnn.figures.curves import percent
from kcnn.figures.image_grid import CAPTION_LENGTH, draw_grid
from kcnn.runs.scores import Predictions

COUNT = 32


@style.house_style
def draw(test: Images, predictions: Predictions, class_names: Sequence[str], title: str) -> Figure:
    """Draws the 32 most confident mistakes: true class, predicted class, its probability.

    Args:
        test: The test images that the run was scored on.
        predictions: What the model said of them.
        class_names: One name a class.
        title: The run and its headline.

    Raises:
        RunError: The predictions belong to other images, or none of them is wrong.
    """
    require_same_images(test, predictions, len(class_names))
    wrong = most_confident_mistakes(predictions)
    if not len(wrong):
        raise RunError("no mistakes: every test image was classified right")
    shown = wrong[:COUNT]
    captions = [
        f"{_name(class_names, predictions.label[row])}\n"
        f"→ {_name(class_names, predictions.predicted[row])}\n"
        f"{percent(predictions.probability[row])}"
        for row in shown
    ]
    heading = (
        f"Most confident mistakes: {len(shown)} of {len(wrong):,} (true → predicted, how sure)"
    )
    return draw_grid(test.images[predictions.index[shown]], captions, f"{heading}\n{title}")


def most_confident_mistakes(predictions: Predictions) -> np.ndarray:
    """Finds the rows where the predicted class is not the true one, the surest first."""
    wrong = np.flatnonzero(predictions.predicted != predictions.label)
    return wrong[np.argsort(-predictions.probability[wrong], kind="stable")]


def require_same_images(test: Images, predictions: Predictions, classes: int) -> None:
    """Makes sure that predictions and test images belong together.

    Raises:
        RunError: A prediction's image is not there, or has another label, or a class is unknown.
    """
    inside = (predictions.index >= 0) & (predictions.index < len(test))
    known = (predictions.predicted >= 0) & (predictions.predicted < classes)
    if (inside & known).all() and (test.labels[predictions.index] == predictions.label).all():
        return
    raise RunError(
        "predictions.csv does not fit the test images: other labels or another number of them",
        "point --data-dir at the data that the run was trained on",
    )


def _name(class_names: Sequence[str], label: int) -> str:
    return style.shorten(class_names[label], CAPTION_LENGTH - len("→ "))
