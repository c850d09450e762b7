"""Images in rows with a caption below each: what samples and mistakes have in common."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from kcnn.figures import style

COLUMNS = 8
CAPTION_LENGTH = 13
# A caption's line, in units of an image's side.
LINE = 0.17
GAP = 0.12


def draw_grid(images: np.ndarray, captions: Sequence[str], title: str) -> Figure:
    """Draws images eight to a row.

    Args:
        images: uint8, shape (count, height, width, channels) with 1 or 3 channels; others are
            drawn as the mean of their channels.
        captions: One an image, of one or more lines of at most CAPTION_LENGTH characters; all
            have equally many lines.
        title: One or two lines.
    """
    lines = 1 + max(caption.count("\n") for caption in captions)
    height, width = images.shape[1:3]
    row_height = height / max(height, width) + lines * LINE + GAP
    rows = -(-len(images) // COLUMNS)
    side = (style.WIDTH - 0.3) / COLUMNS / (1 + GAP)
    figure = style.new_figure(title, height=rows * row_height * side + 0.95)
    axes = figure.subplots()
    for number, (image, caption) in enumerate(zip(images, captions, strict=True)):
        row, column = divmod(number, COLUMNS)
        left, top = column * (1 + GAP), row * row_height
        bottom = place_image(axes, visible(image), left, top)
        place = (left + 0.5, bottom + 0.04)
        # The axes leave room for captions: looking for it once more takes as long as drawing them.
        axes.text(*place, caption, fontsize=9, ha="center", va="top", in_layout=False)
    axes.set(
        xlim=(0, COLUMNS * (1 + GAP) - GAP),
        ylim=(rows * row_height, 0),
        aspect="equal",
        anchor="NW",
    )
    axes.set_axis_off()
    return figure


def place_image(
    axes: Axes,
    pixels: np.ndarray,
    left: float,
    top: float,
    color_map: str = "gray",
    limits: tuple[float, float] = (0, 255),
) -> float:
    """Draws one image into a square of side 1, whole and in its own proportions.

    Args:
        axes: Where; the vertical axis points down.
        pixels: Numbers of shape (height, width), or colours of shape (height, width, 3).
        left: The square's left edge.
        top: The square's upper edge.
        color_map: How numbers become colours.
        limits: The numbers that get the map's first and last colour.

    Returns:
        Where the image ends below.
    """
    height, width = np.array(pixels.shape[:2]) / max(pixels.shape[:2])
    left += (1 - width) / 2
    # Not by imshow, which works the limits of the axes out anew for each of hundreds of images.
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
    """Makes pixels to look at of an image, shape (height, width, channels).

    Returns:
        The image itself when it has three channels, else their mean, shape (height, width).
    """
    return image if image.shape[-1] == 3 else image.mean(axis=-1)
