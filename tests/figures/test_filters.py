from __future__ import annotations

import numpy as np
import pytest

from kcnn.figures import filters


def kernel(channels: int, count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, 5, channels, count)).astype(np.float32)


def test_gray_filters_share_a_scale_around_zero(texts) -> None:
    before, after = kernel(1, 10), 4 * kernel(1, 10, seed=1)
    figure = filters.draw(before, after, "mnist/run-001")
    drawn = [image for axes in figure.axes[:2] for image in axes.images]
    largest = float(np.abs(after).max())
    assert {image.get_clim() for image in drawn} == {(-largest, largest)}
    np.testing.assert_array_equal(drawn[10].get_array(), after[:, :, 0, 0])
    assert {"before training", "after training", "weight"} <= texts(figure).keys()


def test_filters_that_differ_much_have_scales_of_their_own(texts) -> None:
    before = kernel(1, 5)
    after = before * np.array([1, 1, 1, 60, 1e-4], np.float32)
    before[..., 4] = after[..., 4]
    figure = filters.draw(before, after, "photos/run-001")
    largest = np.abs(after).max(axis=(0, 1, 2)).tolist()
    # The last one is almost zero: on a scale of its own, noise would look like a filter.
    own = [*largest[:4], largest[3]]
    for axes in figure.axes[:2]:
        assert [image.get_clim()[1] for image in axes.images] == own
    (label,) = (text for text in texts(figure) if "own scale" in text)
    assert "gray: all weights below 1 % of the largest filter's" in label


def test_the_largest_weight_of_a_filter_in_color_has_the_last_color() -> None:
    before = kernel(3, 5) * np.array([1, 1, 1, 1, 60], np.float32)
    figure = filters.draw(before, 1.01 * before, "run")
    for image in figure.axes[1].images:
        pixels = image.get_array()
        assert max(pixels.max(), 1 - pixels.min()) == 1


def test_filters_that_were_not_trained_are_drawn_once(texts, cut_texts) -> None:
    figure = filters.draw(kernel(3, 5), kernel(3, 5), "photos/run-001")
    assert [len(axes.images) for axes in figure.axes] == [5, 0]  # the other one is the scale
    assert "not trained: the same before and after" in texts(figure)
    assert not any("how far it moved" in text for text in texts(figure))
    assert cut_texts(figure) == []


def test_filters_over_rgb_are_drawn_in_color() -> None:
    before, after = kernel(3, 2), np.zeros((3, 5, 3, 2), np.float32)
    figure = filters.draw(before, after, "cifar/run-001")
    first = figure.axes[0].images[0].get_array()
    assert first.shape == (3, 5, 3)
    assert 0 <= first.min() < first.max() <= 1
    np.testing.assert_allclose(figure.axes[1].images[0].get_array(), 0.5)


def test_filters_over_other_channels_are_drawn_as_their_mean() -> None:
    before = kernel(4, 2)
    figure = filters.draw(before, 2 * before, "run")
    np.testing.assert_allclose(
        figure.axes[0].images[1].get_array(), before[..., 1].mean(axis=-1), rtol=1e-6
    )
    assert "mean over channels" in figure.get_suptitle()


@pytest.mark.parametrize("count", [1, 6, 9, 96])
def test_draws_at_most_64_filters_8_in_a_row(count: int, cut_texts) -> None:
    figure = filters.draw(kernel(3, count), kernel(3, count, seed=1), "run")
    extents = [image.get_extent() for image in figure.axes[0].images]
    assert len(extents) == min(count, 64)
    assert len({extent[0] for extent in extents}) == min(count, 8)
    assert cut_texts(figure) == []


def test_draws_weights_that_diverged(cut_texts) -> None:
    figure = filters.draw(kernel(1, 4), np.full((3, 5, 1, 4), np.nan, np.float32), "run")
    assert cut_texts(figure) == []


def texts_below(figure, texts) -> list[str]:
    written = [text.get_text() for text in figure.axes[1].texts]
    assert set(written) <= texts(figure).keys()
    return written


def test_writes_the_distance_moved_below_each_filter(texts) -> None:
    before = kernel(3, 10)
    grown = np.array([1, 1.5, 2, 10, 12, 41.16, 201, -1, 0, 1.004], np.float32)
    figure = filters.draw(before, before * grown, "cifar/run-001")
    assert texts_below(figure, texts) == [
        "0.00", "0.50", "1.00", "9.00", "11.0", "40.2", "200", "2.00", "1.00", "0.00",
    ]  # fmt: skip
    assert len(figure.axes[0].texts) == 0
    assert "below each: how far it moved, ‖after − before‖ / ‖before‖" in texts(figure)


def test_distance_is_over_all_weights_of_a_filter() -> None:
    before, after = np.zeros((2, 1, 3, 4)), np.zeros((2, 1, 3, 4))
    before[0, 0, 0, :2] = 5
    after[0, 0, 0, 0], after[1, 0, 2, 0] = 8, 4  # moved by 3 and 4
    after[0, 0, 0, 1] = 5
    after[1, 0, 1, 2] = 1  # relative to a norm of 0
    np.testing.assert_allclose(filters.distances_moved(before, after), [1, 0, np.inf, np.nan])


def test_writes_a_dash_for_a_filter_that_was_zero_or_diverged(texts) -> None:
    before, after = kernel(1, 4), kernel(1, 4, seed=1)
    before[..., 0], after[..., 1], before[..., 2] = 0, np.inf, 1e-6
    figure = filters.draw(before, after, "run")
    written = texts_below(figure, texts)
    assert written[:3] == ["–", "–", "–"]
    assert float(written[3]) > 0
    assert "–: almost zero before, or not finite after" in figure.axes[1].get_xlabel()


@pytest.mark.parametrize("count", [30, 64])
def test_numbers_overlap_neither_each_other_nor_filters(count: int, texts) -> None:
    before = kernel(1, count)
    figure = filters.draw(before, 30 * before, "run")
    texts(figure)  # lays the figure out
    axes = figure.axes[1]
    numbers = [text.get_window_extent() for text in axes.texts]
    images = [image.get_window_extent() for image in axes.images]
    assert len(numbers) == len(images) == count
    for index, box in enumerate(numbers):
        others = numbers[:index] + numbers[index + 1 :] + images
        assert not any(box.overlaps(other) for other in others)


def test_layout_ignores_filters_and_numbers(laid_out) -> None:
    after = filters.draw(kernel(3, 9), kernel(3, 9, seed=1), "run").axes[1]
    assert len(after.texts) == 9
    assert laid_out(after) == []
