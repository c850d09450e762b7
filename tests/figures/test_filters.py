from __future__ import annotations

import numpy as np
import pytest

from kcnn.figures import filters


def kernel(channels: int, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, 5, channels, count)).astype(np.float32)


def test_grey_filters_share_one_scale_around_zero(texts) -> None:
    before, after = kernel(1, 10), 4 * kernel(1, 10, seed=1)
    figure = filters.draw(before, after, "mnist/run-001")
    drawn = [image for axes in figure.axes[:2] for image in axes.images]
    largest = float(np.abs(after).max())
    assert {image.get_clim() for image in drawn} == {(-largest, largest)}
    np.testing.assert_array_equal(drawn[10].get_array(), after[:, :, 0, 0])
    assert {"before training", "after training", "weight"} <= texts(figure).keys()


def test_filters_over_colours_are_drawn_in_colour() -> None:
    before, after = kernel(3, 2), np.zeros((3, 5, 3, 2), np.float32)
    figure = filters.draw(before, after, "cifar/run-001")
    first = figure.axes[0].images[0].get_array()
    assert first.shape == (3, 5, 3)
    assert 0 <= first.min() < first.max() <= 1
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), 0.5)


def test_other_channels_are_averaged() -> None:
    before = kernel(4, 2)
    figure = filters.draw(before, before, "run")
    np.testing.assert_allclose(
        figure.axes[0].images[1].get_array(), before[..., 1].mean(axis=-1), rtol=1e-6
    )
    assert "mean over channels" in figure.get_suptitle()


@pytest.mark.parametrize("count", [1, 6, 9, 96])
def test_at_most_sixty_four_stand_eight_in_a_row(count: int, cut_texts) -> None:
    figure = filters.draw(kernel(3, count), kernel(3, count), "run")
    extents = [image.get_extent() for image in figure.axes[0].images]
    assert len(extents) == min(count, 64)
    assert len({extent[0] for extent in extents}) == min(count, 8)
    assert cut_texts(figure) == []


def test_diverged_weights_are_drawn_all_the_same(cut_texts) -> None:
    figure = filters.draw(kernel(1, 4), np.full((3, 5, 1, 4), np.nan, np.float32), "run")
    assert cut_texts(figure) == []
