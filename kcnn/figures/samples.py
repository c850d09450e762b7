"""Some training images with their labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.data.dataset import Images
from kcnn.figures import style
from kcnn.figures.image_grid import CAPTION_LENGTH, draw_grid

COUNT = 40


@style.house_style
def draw(training: Images, class_names: Sequence[str], title: str) -> Figure:
    """Draws 40 training images, the classes in turn, each with its class below.

    Args:
        training: The training images as they are before scaling and augmentation.
        class_names: One name a class.
        title: What the images are and where they come from.
    """
    chosen = choose(training.labels, COUNT)
    captions = [
        style.shorten(class_names[label], CAPTION_LENGTH) for label in training.labels[chosen]
    ]
    heading = f"Training images: {len(chosen)} of {len(training):,}"
    return draw_grid(training.images[chosen], captions, f"{heading}\n{title}")


def choose(labels: np.ndarray, count: int) -> np.ndarray:
    """Picks images so that every class is seen before one is seen twice; always the same ones.

    Args:
        labels: Integer classes, shape (images,).
        count: How many to pick, or all when there are fewer.

    Returns:
        Positions of the picked images, in a random order within each turn of the classes.
    """
    order = np.random.default_rng(0).permutation(len(labels))
    turn = np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = labels[order] == label
        turn[members] = np.arange(members.sum())
    return order[np.argsort(turn, kind="stable")][:count]
