"""Precision against recall of two classes, for every threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import average_precision_score, precision_recall_curve

from kcnn.figures import style
from kcnn.figures.run_figure import FigureInput
from kcnn.figures.two_classes import mark_threshold, new_square, read_two_classes

NAME = "precision_recall"
READS: Sequence[str] = ("metrics.csv", "summary.json", "predictions.csv")
NEEDS_IMAGES = False
COMPARES_RUNS = False


def plot(source: FigureInput) -> Figure:
    """Draw the precision-recall curve of the run's test images."""
    return draw(*read_two_classes(source, "average_precision"), source.curve.headline)


@style.house_style
def draw(positive: np.ndarray, probability: np.ndarray, name: str, title: str) -> Figure:
    """Draw precision against recall, both in per cent, as steps.

    Straight lines between the points would promise too much (Davis and Goadrich, 2006); average
    precision is the area below the steps.

    Args:
        positive: Whether each image shows the positive class, bool of shape (images,).
        probability: The probability of that class, float64 of shape (images,).
        name: The positive class.
        title: The run and its headline.
    """
    figure, axes = new_square(f"Precision and recall: {name} is the positive class\n{title}")
    precision, recall, _ = precision_recall_curve(positive, probability)
    average = average_precision_score(positive, probability)
    chance = positive.mean()
    axes.axhline(
        100 * chance, color=style.GREY, linestyle="--", label=f"chance ({100 * chance:.1f} %)"
    )
    axes.step(
        100 * recall, 100 * precision, where="post", color=style.COLORS[0],
        label=f"average precision {average:.4f}",
    )  # fmt: skip
    predicted = probability > 0.5
    if predicted.any():
        hits = positive[predicted].mean()
        mark_threshold(axes, 100 * predicted[positive].mean(), 100 * hits)
    axes.set_xlabel("recall (% of the images of the positive class that are found)")
    axes.set_ylabel("precision (% of the images predicted as positive that are)")
    axes.legend(loc="lower left")
    return figure
