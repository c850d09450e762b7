"""Some images of each class, a row a class: what `kcnn data inspect --samples` draws."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from kcnn.figures import style
from kcnn.figures.image_grid import COLUMNS, GAP, draw_image, visible
from kcnn.text.distinct import shorten_distinct
from kcnn.text.numbers import count_text
from kcnn.text.printable import one_line

_NAME_LENGTH = 20
_NAME_WIDTH = 1.9  # in units of an image's side


@style.house_style
def draw(
    rows: Sequence[tuple[str, int, Sequence[np.ndarray]]], title: str, left_out: int = 0
) -> Figure:
    """Draw a row of images for each class, with its name and number of images before them.

    Args:
        rows: For each class its name, its number of training images, and at most COLUMNS images,
            each uint8 of shape (height, width, channels).
        title: The dataset.
        left_out: Number of classes that are not drawn.
    """
    side = (style.WIDTH - 0.3) / (_NAME_WIDTH + COLUMNS * (1 + GAP))
    figure = style.new_figure(_heading(title, left_out), height=len(rows) * (1 + GAP) * side + 0.95)
    axes = figure.subplots()
    names = shorten_distinct([name for name, _, _ in rows], _NAME_LENGTH)
    for row, (name, (_, count, images)) in enumerate(zip(names, rows, strict=True)):
        top = row * (1 + GAP)
        text = f"{name}\n{count_text(count, 'image')}"
        axes.text(0, top + 0.5, text, fontsize=9, va="center", in_layout=False)
        for column, image in enumerate(images):
            height, width = image.shape[:2]
            middle = top + max(0, 1 - height / width) / 2
            draw_image(axes, visible(image), _NAME_WIDTH + column * (1 + GAP), middle)
    axes.set(
        xlim=(0, _NAME_WIDTH + COLUMNS * (1 + GAP) - GAP),
        ylim=(len(rows) * (1 + GAP), 0),
        aspect="equal",
        anchor="NW",
    )
    axes.set_axis_off()
    return figure


def _heading(title: str, left_out: int) -> str:
    more = f"\n{count_text(left_out, 'more class', 'more classes')} left out" if left_out else ""
    return f"Training images of {one_line(title, 50)}, drawn at random{more}"
