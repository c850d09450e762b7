from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from kcnn.figures.image_grid import CAPTION_LENGTH, draw_grid, draw_image


@pytest.mark.parametrize(("height", "width"), [(8, 8), (8, 4), (4, 8)])
def test_image_keeps_its_proportions_within_its_square(height: int, width: int) -> None:
    axes = Figure().subplots()
    bottom = draw_image(axes, np.zeros((height, width)), left=3, top=5)
    left, right, drawn_bottom, top = axes.images[0].get_extent()
    assert (right - left) / (drawn_bottom - top) == pytest.approx(width / height)
    assert 3 <= left < right <= 4
    assert 5 <= top < drawn_bottom == bottom <= 6


def test_captions_of_full_length_do_not_overlap(texts, cut_texts) -> None:
    captions = [f"{number} pickup_truck"[:CAPTION_LENGTH] for number in range(8)]
    figure = draw_grid(np.zeros((8, 6, 6, 1), np.uint8), captions, "Images\nof nothing")
    boxes = [texts(figure)[caption] for caption in captions]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert cut_texts(figure) == []


def test_rows_have_eight_images_and_captions_end_above_the_next_row(texts) -> None:
    captions = [f"{number}\nsecond\nthird" for number in range(9)]
    figure = draw_grid(np.zeros((9, 6, 6, 3), np.uint8), captions, "Images")
    extents = [image.get_extent() for image in figure.axes[0].images]
    assert [extent[3] for extent in extents] == [0] * 8 + [extents[8][3]]
    next_row = figure.axes[0].transData.transform((0, extents[8][3]))[1]
    assert texts(figure)[captions[0]].y0 > next_row


def test_layout_ignores_images_and_captions(laid_out) -> None:
    figure = draw_grid(np.zeros((9, 6, 6, 3), np.uint8), ["caption"] * 9, "Images")
    assert len(figure.axes[0].images) == len(figure.axes[0].texts) == 9
    assert laid_out(figure.axes[0]) == []


def test_color_map_and_limits_apply_to_values() -> None:
    axes = Figure().subplots()
    draw_image(axes, np.array([[0.0, 2.0]]), 0, 0, color_map="cividis", limits=(0, 2))
    (image,) = axes.images
    assert (image.get_cmap().name, image.get_clim()) == ("cividis", (0, 2))
