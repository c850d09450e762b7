"""Training images whose labels are probably wrong: what `kcnn data suspects` draws."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from kcnn.data.dataset import Dataset
from kcnn.figures import style
from kcnn.figures.image_grid import CAPTION_LENGTH, draw_grid, short_files
from kcnn.text.cells import keep_order
from kcnn.text.distinct import shorten_distinct

COUNT = 40


@style.house_style
def draw(dataset: Dataset, index: np.ndarray, suggested: np.ndarray, title: str) -> Figure:
    """Draw the 40 most doubtful images: label, suggested class, position in the training set.

    Args:
        dataset: The training images.
        index: int, (count,): which images, the most doubtful first; one at least.
        suggested: int, (count,): the class that the model finds more likely.
        title: The run.
    """
    train, shown = dataset.train, index[:COUNT]
    names = shorten_distinct(dataset.class_names, CAPTION_LENGTH - len("→ "))
    captions = [
        f"{names[label]}\n{keep_order('→ ' + names[other])}\n{position}"
        for label, other, position in zip(
            train.labels[shown], suggested[:COUNT], _positions(dataset, shown), strict=True
        )
    ]
    meaning = "label → suggested" + ("" if train.names is None else ", file")
    heading = f"Doubtful labels: {len(shown)} of {len(index):,} ({meaning})"
    return draw_grid(train.read(shown), captions, f"{heading}\n{title}")


def _positions(dataset: Dataset, shown: np.ndarray) -> list[str]:
    names = dataset.train.names
    if names is None:
        return [f"train {index}" for index in shown]
    return short_files([names[index] for index in shown.tolist()])
