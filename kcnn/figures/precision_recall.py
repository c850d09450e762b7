"""Precision against recall for every threshold: of two classes, or of several labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.errors import RunError
from kcnn.figures import style
from kcnn.figures.run_figure import FigureInput
from kcnn.figures.two_classes import mark_threshold, new_square, read_two_classes
from kcnn.runs.label_scores import LabelPredictions, read_label_predictions
from kcnn.runs.summary import has_several_labels, read_summary
from kcnn.text.distinct import shorten_distinct

MAX_LABELS = 10  # curves
MAX_NAME_LENGTH = 20
LEGEND_INCHES = 2.4  # for names of that length
NAME = "precision_recall"
READS: Sequence[str] = ("metrics.csv", "summary.json", "predictions.csv")
NEEDS_IMAGES = False
COMPARES_RUNS = False


def plot(source: FigureInput) -> Figure:
    """Draw the precision-recall curve of the run's test images."""
    if has_several_labels(source.run):
        names = read_summary(source.run).class_names()
        return draw_labels(read_label_predictions(source.run), names, source.curve.headline)
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
    # Here, because its import takes a second, and few runs have this figure.
    from sklearn.metrics import average_precision_score, precision_recall_curve

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


@style.house_style
def draw_labels(predictions: LabelPredictions, class_names: Sequence[str], title: str) -> Figure:
    """Draw precision against recall of each label, those with the lowest average precision first.

    Of more than ten labels, the five lowest and the five highest are drawn.

    Args:
        predictions: The predictions for the test images.
        class_names: The name of each class.
        title: The run and its headline.

    Raises:
        RunError: No test image has a label.
    """
    from sklearn.metrics import average_precision_score, precision_recall_curve

    averages = {
        label: float(average_precision_score(true, predictions.probability[:, label]))
        for label, true in enumerate(predictions.label.T)
        if true.any()
    }
    if not averages:
        raise RunError("no test image has a label")
    ranked = sorted(averages, key=lambda label: averages[label])
    mean = np.mean(list(averages.values()))
    heading = f"Precision and recall: mean average precision {mean:.4f}"
    if len(ranked) > MAX_LABELS:
        half = MAX_LABELS // 2
        heading += f"\nthe {half} lowest and the {half} highest of {len(ranked)} labels"
        ranked = [*ranked[:half], *ranked[-half:]]
    figure, axes = new_square(f"{heading}\n{title}")
    names = shorten_distinct(class_names, MAX_NAME_LENGTH)
    for number, label in enumerate(ranked):
        true, probability = predictions.label[:, label], predictions.probability[:, label]
        precision, recall, _ = precision_recall_curve(true, probability)
        axes.step(
            100 * recall, 100 * precision, where="post",
            color=style.COLORS[number % len(style.COLORS)],
            linestyle="-" if number < len(style.COLORS) else "--",
            label=f"{averages[label]:.4f}  {names[label]}",
        )  # fmt: skip
    axes.set_xlabel("recall (% of the images with the label that are found)")
    axes.set_ylabel("precision (% of the images predicted to have it that do)")
    # Beside the curves: those of labels with a low average precision fill the lower left corner.
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), title="average precision", frameon=False)
    figure.set_figwidth(figure.get_figwidth() + LEGEND_INCHES)
    return figure
