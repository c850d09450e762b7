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

    Chance picks them, the same ones each time.

    Args:
        training: The training images as they are before scaling and augmentation.
        class_names: One name a class.
        title: What the images are and where they come from.
    """
    order = np.random.default_rng(0).permutation(len(training))
    chosen = training.by_turns(COUNT, order)
    captions = [
        style.shorten(class_names[label], CAPTION_LENGTH) for label in training.labels[chosen]
    ]
    heading = f"Training images: {len(chosen)} of {len(training):,}"
    return draw_grid(training.images[chosen], captions, f"{heading}\n{title}")
