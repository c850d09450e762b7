"""Some training images with their labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.data.dataset import Images
from kcnn.figures import style
from kcnn.figures.image_grid import CAPTION_LENGTH, draw_grid, several_names
from kcnn.figures.run_figure import FigureInput
from kcnn.text.distinct import shorten_distinct
from kcnn.text.printable import one_line

NAME = "samples"
READS: Sequence[str] = ("metrics.csv",)
NEEDS_IMAGES = True
COMPARES_RUNS = False

COUNT = 40


def plot(source: FigureInput) -> Figure:
    """Draw training images of the run's dataset."""
    dataset = source.dataset
    title = f"{source.curve.short_title}: {one_line(dataset.name, 40)}"
    return draw(dataset.train, dataset.class_names, title)


@style.house_style
def draw(training: Images, class_names: Sequence[str], title: str) -> Figure:
    """Draw 40 training images, the classes in turn, each with its class below.

    The images are drawn at random with a fixed seed, so they are the same each time.

    Args:
        training: The training images before scaling and augmentation.
        class_names: The name of each class.
        title: The run and its dataset.
    """
    order = np.random.default_rng(0).permutation(len(training))
    chosen = training.by_turns(COUNT, order)
    labels = training.labels[chosen]
    if training.has_several_labels:
        captions = several_names(labels, class_names)
    else:
        names = shorten_distinct(class_names, CAPTION_LENGTH)
        captions = [names[label] for label in labels]
    heading = f"Training images: {len(chosen)} of {len(training):,}"
    return draw_grid(training.read(chosen), captions, f"{heading}\n{title}")
