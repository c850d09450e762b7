"""Images in rows with a caption below each, for samples and mistakes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from kcnn.data.labels import NO_LABEL_TEXT, classes_of
from kcnn.figures import style
from kcnn.text.distinct import shorten_distinct

COLUMNS = 8
CAPTION_LENGTH = 13
# Height of a caption's line, and the gap between images, in units of an image's side.
LINE = 0.17
GAP = 0.12
MAX_LABELS = 3  # lines of a caption, where images have several labels


def draw_grid(images: np.ndarray, captions: Sequence[str], title: str) -> Figure:
    """Draw images, eight in a row.

    Args:
        images: uint8, shape (count, height, width, channels). Three channels are drawn as RGB,
            other numbers of channels as their mean.
        captions: The caption of each image, in lines of at most CAPTION_LENGTH characters. All
            captions have the same number of lines.
        title: One or two lines.
    """
    lines = 1 + max(caption.count("\n") for caption in captions)
    height, width = images.shape[1:3]
    row_height = height / max(height, width) + lines * LINE + GAP
    rows = -(-len(images) // COLUMNS)
    side = (style.WIDTH - 0.3) / COLUMNS / (1 + GAP)
    figure = style.new_figure(title, height=rows * row_height * side + 0.95)
    axes = figure.subplots()
    for index, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(index, COLUMNS)
        left, top = column * (1 + GAP), row * row_height
        bottom = draw_image(axes, visible(image), left, top)
        x, y = left + 0.5, bottom + 0.04
        # The axes have room for the captions. To lay them out would take as long as to draw them.
        axes.text(x, y, caption, fontsize=9, ha="center", va="top", in_layout=False)
    axes.set(
        xlim=(0, COLUMNS * (1 + GAP) - GAP),
        ylim=(rows * row_height, 0),
        aspect="equal",
        anchor="NW",
    )
    axes.set_axis_off()
    return figure


def several_names(labels: np.ndarray, class_names: Sequence[str]) -> list[str]:
    """Return captions with the labels of each image, one a line.

    All have as many lines as the one with the most labels, three at most. Of more labels, the last
    line has the number of those that are left out.

    Args:
        labels: 0 and 1, shape (images, classes).
        class_names: The name of each class.
    """
    names = shorten_distinct(class_names, CAPTION_LENGTH)
    captions = []
    for row in labels:
        lines = [names[index] for index in classes_of(row)] or [NO_LABEL_TEXT]
        if len(lines) > MAX_LABELS:
            lines[MAX_LABELS - 1 :] = [f"and {len(lines) - MAX_LABELS + 1} more"]
        captions.append(lines)
    height = max(map(len, captions), default=1)
    return ["\n".join(lines + [""] * (height - len(lines))) for lines in captions]


def draw_image(
    axes: Axes,
    pixels: np.ndarray,
    left: float,
    top: float,
    color_map: str = "gray",
    limits: tuple[float, float] = (0, 255),
) -> float:
    """Draw an image into a square of side 1, keeping its proportions.

    Args:
        axes: Axes whose vertical axis points down.
        pixels: Values of shape (height, width), or RGB colors of shape (height, width, 3).
        left: The square's left edge.
        top: The square's upper edge.
        color_map: Matplotlib's name of the color map for values.
        limits: The values with the first and the last color of the map.

    Returns:
        The lower edge of the image.
    """
    height, width = np.array(pixels.shape[:2]) / max(pixels.shape[:2])
    left += (1 - width) / 2
    # imshow would compute the limits of the axes again for each of hundreds of images.
    image = AxesImage(
        axes,
        cmap=color_map,
        norm=Normalize(*limits),
        extent=(left, left + width, top + height, top),
    )
    image.set_data(pixels)
    image.set_clip_path(axes.patch)
    axes.add_image(image)
    return top + float(height)


def visible(image: np.ndarray) -> np.ndarray:
    """Return what Matplotlib can draw of an image with any number of channels.

    Args:
        image: Shape (height, width, channels).

    Returns:
        The image itself if it has three channels, else their mean, shape (height, width).
    """
    return image if image.shape[-1] == 3 else image.mean(axis=-1)


def short_files(names: Sequence[str]) -> list[str]:
    """Return names of files as captions: with their folders where there is room, or need.

    Args:
        names: The names, with forward slashes.
    """
    lasts = [name.rpartition("/")[2] for name in names]
    if len(set(lasts)) < len(lasts) or all(len(name) <= CAPTION_LENGTH for name in names):
        lasts = list(names)
    return shorten_distinct(lasts, CAPTION_LENGTH)
