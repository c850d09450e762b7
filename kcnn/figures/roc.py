"""ROC curve of two classes: hits against false alarms, for every threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.run_figure import FigureInput
from kcnn.figures.two_classes import mark_threshold, new_square, read_two_classes

NAME = "roc"
READS: Sequence[str] = ("metrics.csv", "summary.json", "predictions.csv")
NEEDS_IMAGES = False
COMPARES_RUNS = False


def plot(source: FigureInput) -> Figure:
    """Draw the ROC curve of the run's test images."""
    return draw(*read_two_classes(source, "roc_auc"), source.curve.headline)


@style.house_style
def draw(positive: np.ndarray, probability: np.ndarray, name: str, title: str) -> Figure:
    """Draw the true positive rate against the false positive rate, both in per cent.

    Args:
        positive: Whether each image shows the positive class, bool of shape (images,).
        probability: The probability of that class, float64 of shape (images,).
        name: The positive class.
        title: The run and its headline.
    """
    # Here, because its import takes a second, and few runs have this figure.
    from sklearn.metrics import roc_auc_score, roc_curve

    figure, axes = new_square(f"ROC curve: {name} is the positive class\n{title}")
    false, true, _ = roc_curve(positive, probability, drop_intermediate=False)
    area = roc_auc_score(positive, probability)
    axes.plot([0, 100], [0, 100], color=style.GREY, linestyle="--", label="chance (area 0.5)")
    axes.plot(
        100 * false, 100 * true, color=style.COLORS[0], label=f"area under the curve {area:.4f}"
    )
    predicted = probability > 0.5
    mark_threshold(axes, 100 * predicted[~positive].mean(), 100 * predicted[positive].mean())
    axes.set_xlabel("false positives (% of the images of the other class)")
    axes.set_ylabel("true positives (% of the images of the positive class)")
    axes.legend(loc="lower right")
    return figure
