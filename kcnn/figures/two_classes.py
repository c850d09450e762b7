"""What the curves of two classes are drawn from."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.run_figure import FigureInput, InapplicableError
from kcnn.runs.scores import read_predictions
from kcnn.runs.summary import has_several_labels, read_summary
from kcnn.text.distinct import shorten_distinct

MAX_NAME_LENGTH = 24  # for which the title has room


def read_two_classes(source: FigureInput, score: str) -> tuple[np.ndarray, np.ndarray, str]:
    """Read the predictions of a run with two classes.

    Args:
        source: The run.
        score: The name of the curve's score in summary.json.

    Returns:
        Whether each test image shows the second class, bool of shape (images,); the probability of
        that class, float64 of shape (images,); and its name.

    Raises:
        InapplicableError: The run has another number of classes, or no such score.
        RunError: A file is damaged, or predictions.csv is missing.
    """
    if not source.run.summary.is_file():
        raise InapplicableError(f"{source.run.summary}: missing; the run was not scored")
    if has_several_labels(source.run):
        raise InapplicableError(
            f"{source.run.title}: an image may have several labels; precision_recall draws a curve "
            "for each"
        )
    if score not in source.curve.test:
        raise InapplicableError(
            f"{source.run.summary}: no test.{score}: it is measured for two classes, whose "
            "probabilities sum to 1, on test images of both"
        )
    names = read_summary(source.run).class_names()
    predictions = read_predictions(source.run)
    name = shorten_distinct(names, MAX_NAME_LENGTH)[1]
    return predictions.label == 1, predictions.second_class_probability, name


def new_square(title: str) -> tuple[Figure, Axes]:
    """Create a figure with a square grid from 0 to 100 %."""
    figure = style.new_figure(title, height=6.6, width=6.6)
    axes = figure.subplots()
    axes.set(xlim=(-1, 101), ylim=(-1, 101), aspect="equal")
    axes.grid(True)
    axes.set_axisbelow(True)
    return figure, axes


def mark_threshold(axes: Axes, x: float, y: float) -> None:
    """Mark the point at which the class with the higher probability is predicted."""
    axes.plot(
        x, y, "o", color=style.COLORS[1], clip_on=False, label="the model's predictions (0.5)"
    )
