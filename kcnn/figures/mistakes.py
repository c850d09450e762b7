"""The test images that were classified wrong with the highest probability."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.data.dataset import Images
from kcnn.errors import RunError
from kcnn.figures import style
from kcnn.figures.image_grid import CAPTION_LENGTH, draw_grid, several_names, short_files
from kcnn.figures.run_figure import FigureInput
from kcnn.runs.label_scores import LabelPredictions, read_predictions_of
from kcnn.runs.scores import Predictions
from kcnn.text.cells import keep_order
from kcnn.text.distinct import shorten_distinct
from kcnn.text.numbers import short_per_cent

NAME = "mistakes"
READS: Sequence[str] = ("metrics.csv", "predictions.csv")
NEEDS_IMAGES = True
COMPARES_RUNS = False

COUNT = 32


def plot(source: FigureInput) -> Figure:
    """Draw the mistakes that the run's model made on the test images."""
    predictions = read_predictions_of(source.run)
    dataset = source.dataset
    return draw(dataset.test, predictions, dataset.class_names, source.curve.headline)


@style.house_style
def draw(
    test: Images,
    predictions: Predictions | LabelPredictions,
    class_names: Sequence[str],
    title: str,
) -> Figure:
    """Draw the 32 most confident mistakes: true class, predicted class, its probability, file.

    Of several labels, the label that is wrong with the highest confidence is drawn for each image.

    Args:
        test: The test images that the run was scored on.
        predictions: The model's predictions for them.
        class_names: The name of each class.
        title: The run and its headline.

    Raises:
        RunError: The predictions belong to other images, or all of them are right.
    """
    require_same_images(test, predictions, len(class_names))
    wrong = most_confident_mistakes(predictions)
    if not len(wrong):
        raise RunError("no mistakes: every test image was classified right")
    shown = wrong[:COUNT]
    # The arrow is as wide as two letters.
    names = shorten_distinct(class_names, CAPTION_LENGTH - len("→→ "))
    if isinstance(predictions, LabelPredictions):
        captions = _wrong_labels(predictions, shown, class_names, names)
        meaning = "true labels; + too much, − missed, probability"
    else:
        captions = [
            f"{names[predictions.label[row]]}\n"
            f"{keep_order('→ ' + names[predictions.predicted[row]])}\n"
            f"{short_per_cent(predictions.probability[row])}"
            for row in shown
        ]
        meaning = "true → predicted, probability"
    indices = predictions.index[shown]
    if test.names is not None:
        files = short_files([test.names[index] for index in indices.tolist()])
        captions = [f"{caption}\n{file}" for caption, file in zip(captions, files, strict=True)]
        meaning += ", file"
    heading = f"Most confident mistakes: {len(shown)} of {len(wrong):,} ({meaning})"
    return draw_grid(test.read(indices), captions, f"{heading}\n{title}")


def _wrong_labels(
    predictions: LabelPredictions,
    rows: np.ndarray,
    class_names: Sequence[str],
    names: Sequence[str],
) -> list[str]:
    """Return captions with the true labels and the label that is wrong with most confidence."""
    captions = []
    true = several_names(predictions.label[rows], class_names)
    for row, labels in zip(rows.tolist(), true, strict=True):
        worst = int(predictions.most_wrong[row])
        sign = "+" if predictions.predicted[row, worst] else "−"
        chance = short_per_cent(predictions.probability[row, worst])
        captions.append(f"{labels}\n{keep_order(f'{sign} {names[worst]}')}\n{chance}")
    return captions


def most_confident_mistakes(predictions: Predictions | LabelPredictions) -> np.ndarray:
    """Return the rows whose predicted class or labels are wrong, by falling probability."""
    wrong = np.flatnonzero(~predictions.is_right)
    return wrong[np.argsort(-predictions.confidence[wrong], kind="stable")]


def require_same_images(
    test: Images, predictions: Predictions | LabelPredictions, classes: int
) -> None:
    """Check that predictions belong to the test images.

    Args:
        test: The test images.
        predictions: The rows of predictions.csv.
        classes: Number of classes.

    Raises:
        RunError: A predicted image is missing, its label differs, or a class is unknown.
    """
    inside = (predictions.index >= 0) & (predictions.index < len(test))
    if isinstance(predictions, LabelPredictions):
        known = np.full(len(inside), predictions.label.shape[1] == classes)
    else:
        known = (predictions.predicted >= 0) & (predictions.predicted < classes)
    if (inside & known).all() and np.array_equal(test.labels[predictions.index], predictions.label):
        return
    raise RunError(
        "predictions.csv does not fit the test images: other labels or another number of images",
        "point --data-dir at the data that the run was trained on",
    )
