from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from kcnn.errors import RunError
from kcnn.figures import feature_maps
from kcnn.figures.examples import Example

PIXELS = np.full((8, 8, 3), 200, np.uint8)
RIGHT = Example(PIXELS, "test image 0: right\ntrue class: cat\npredicted: cat, 99.1 %")
WRONG = Example(PIXELS // 2, "test image 7: wrong\ntrue class: cat\npredicted: dog, 80.2 %")


@dataclass(frozen=True)
class Maps:
    name: str
    maps: np.ndarray
    unfinished: bool = False


def layers(count: int, channels: int = 16, images: int = 2, name: str = "conv") -> list[Maps]:
    draw = np.random.default_rng(0).normal
    shape = (images, 4, 4, channels)
    return [Maps(f"{name}_{n}", draw(size=shape).astype(np.float32)) for n in range(count)]


def test_two_images_stand_side_by_side_a_row_a_layer(texts) -> None:
    made = [*layers(1), Maps("pool", np.zeros((2, 2, 2, 3), np.float32))]
    figure = feature_maps.draw([RIGHT, WRONG], made, "cifar/run-001")
    images = figure.axes[0].images
    assert len(images) == 2 * (1 + 8 + 3)
    left, right = images[:12], images[12:]
    np.testing.assert_array_equal(left[0].get_array(), RIGHT.pixels)
    np.testing.assert_array_equal(right[0].get_array(), WRONG.pixels)
    np.testing.assert_array_equal(left[2].get_array(), made[0].maps[0, ..., 1])
    np.testing.assert_array_equal(right[2].get_array(), made[0].maps[1, ..., 1])
    assert max(one.get_extent()[1] for one in left) < min(one.get_extent()[0] for one in right)
    labels = {"image\n8×8, 3 channels", "conv_0\n4×4, 16 channels", "pool\n2×2, 3 channels"}
    assert labels | {RIGHT.caption, WRONG.caption} <= texts(figure).keys()
    assert "all 2 layers" in figure.get_suptitle()
    assert "first 8 channels" in figure.axes[0].get_xlabel()


def test_each_row_has_one_scale_for_both_images() -> None:
    made = layers(2)
    images = feature_maps.draw([RIGHT, WRONG], made, "run").axes[0].images
    scales = [image.get_clim() for image in images]
    assert len(set(scales[1:9] + scales[18:26])) == len(set(scales[9:17] + scales[26:])) == 1
    assert scales[1] != scales[9]
    shown = made[0].maps[..., :8]
    assert scales[1] == pytest.approx((shown.min(), shown.max()))


@pytest.mark.parametrize("least", [0.4, -3.0])
def test_a_scale_begins_with_the_smallest_number(least: float) -> None:
    maps = np.linspace(least, least + 0.2, 16, dtype=np.float32).reshape(1, 4, 4, 1)
    images = feature_maps.draw([RIGHT], [Maps("conv", maps)], "run").axes[0].images
    assert images[-1].get_clim() == pytest.approx((least, least + 0.2))


@pytest.mark.parametrize("name", ["a", "a_layer_with_a_long_name"])
@pytest.mark.parametrize("count", [1, 5, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("examples", [[RIGHT], [RIGHT, WRONG]], ids=["one", "two"])
def test_no_text_is_cut_or_covers_another(name, count, examples, texts, cut_texts) -> None:
    figure = feature_maps.draw(examples, layers(count, 9, len(examples), name), "run")
    assert cut_texts(figure) == []
    boxes = [texts(figure)[example.caption] for example in examples]
    assert not any(one.overlaps(other) for one in boxes for other in boxes if one is not other)


def test_a_deep_net_leaves_out_layers_that_only_feed_others(texts) -> None:
    made = [Maps(one.name, one.maps, number % 3 < 2) for number, one in enumerate(layers(60))]
    figure = feature_maps.draw([RIGHT, WRONG], made, "run")
    assert feature_maps.choose_layers(made) == made[2::3]
    assert "20 of 60 layers" in figure.get_suptitle()
    note = "40 layers left out, which only feed a normalization, a sum or an activation."
    assert note in figure.axes[0].get_xlabel()


def test_a_deep_net_of_whole_layers_shows_twenty_four_from_first_to_last() -> None:
    made = layers(60, channels=1)
    chosen = feature_maps.choose_layers(made)
    assert (len(chosen), chosen[0], chosen[-1]) == (24, made[0], made[-1])
    figure = feature_maps.draw([RIGHT, WRONG], made, "run")
    assert (
        "36 layers left out, so that those drawn are evenly spaced." in figure.axes[0].get_xlabel()
    )


def test_a_shallow_net_shows_every_layer() -> None:
    made = [Maps(one.name, one.maps, True) for one in layers(24, channels=1)]
    assert feature_maps.choose_layers(made) == made
    assert "left out" not in feature_maps.draw([RIGHT, WRONG], made, "run").axes[0].get_xlabel()


def test_maps_that_are_not_finite_are_drawn_all_the_same(cut_texts) -> None:
    made = [Maps("conv", np.full((1, 4, 4, 2), np.nan, np.float32))]
    assert cut_texts(feature_maps.draw([RIGHT], made, "run")) == []


def test_a_net_without_maps_is_a_run_error() -> None:
    with pytest.raises(RunError, match="no layer that answers with maps"):
        feature_maps.draw([RIGHT], [], "run")
