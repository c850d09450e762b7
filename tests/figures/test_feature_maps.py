from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

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


def test_draws_images_side_by_side_with_a_row_for_each_layer(texts) -> None:
    made = [*layers(1), Maps("pool", np.zeros((2, 2, 2, 3), np.float32))]
    figure = feature_maps.draw([RIGHT, WRONG], made, "cifar/run-001")
    images = figure.axes[0].images
    assert len(images) == 2 * (1 + 8 + 3)
    left, right = images[:12], images[12:]
    np.testing.assert_array_equal(left[0].get_array(), RIGHT.pixels)
    np.testing.assert_array_equal(right[0].get_array(), WRONG.pixels)
    np.testing.assert_array_equal(left[2].get_array(), made[0].maps[0, ..., 1])
    np.testing.assert_array_equal(right[2].get_array(), made[0].maps[1, ..., 1])
    assert max(image.get_extent()[1] for image in left) < min(
        image.get_extent()[0] for image in right
    )
    labels = {"image\n8×8, 3 channels", "conv_0\n4×4, 16 channels", "pool\n2×2, 3 channels"}
    assert labels | {RIGHT.caption, WRONG.caption} <= texts(figure).keys()
    assert "all 2 layers" in figure.get_suptitle()
    assert "Only the first 8 channels" in figure.axes[0].get_xlabel()


def test_both_images_have_the_same_scale_in_each_row() -> None:
    made = layers(2)
    images = feature_maps.draw([RIGHT, WRONG], made, "run").axes[0].images
    scales = [image.get_clim() for image in images]
    assert len(set(scales[1:9] + scales[18:26])) == len(set(scales[9:17] + scales[26:])) == 1
    assert scales[1] != scales[9]
    shown = made[0].maps[..., :8]
    assert scales[1] == pytest.approx((shown.min(), shown.max()))


@pytest.mark.parametrize("least", [0.4, -3.0])
def test_scale_begins_at_the_smallest_value(least: float) -> None:
    maps = np.linspace(least, least + 0.2, 16, dtype=np.float32).reshape(1, 4, 4, 1)
    images = feature_maps.draw([RIGHT], [Maps("conv", maps)], "run").axes[0].images
    assert images[-1].get_clim() == pytest.approx((least, least + 0.2))


@pytest.mark.parametrize("name", ["a", "a_layer_with_a_long_name"])
@pytest.mark.parametrize("count", [1, 5, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize("examples", [[RIGHT], [RIGHT, WRONG]], ids=["one image", "two images"])
def test_no_text_is_cut_or_overlaps_another(name, count, examples, texts, cut_texts) -> None:
    figure = feature_maps.draw(examples, layers(count, 9, len(examples), name), "run")
    assert cut_texts(figure) == []
    boxes = [texts(figure)[example.caption] for example in examples]
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))


def test_deep_model_leaves_out_layers_that_do_not_end_a_block() -> None:
    made = [Maps(layer.name, layer.maps, index % 3 < 2) for index, layer in enumerate(layers(60))]
    figure = feature_maps.draw([RIGHT, WRONG], made, "run")
    assert feature_maps.choose_layers(made) == made[2::3]
    assert "20 of 60 layers" in figure.get_suptitle()
    note = "40 layers left out, whose outputs only feed normalizations, sums or activations."
    assert note in figure.axes[0].get_xlabel()


def test_deep_model_of_finished_layers_shows_24_evenly_spaced() -> None:
    made = layers(60, channels=1)
    chosen = feature_maps.choose_layers(made)
    assert (len(chosen), chosen[0], chosen[-1]) == (24, made[0], made[-1])
    figure = feature_maps.draw([RIGHT, WRONG], made, "run")
    assert (
        "36 layers left out, so that the drawn layers are evenly spaced."
        in figure.axes[0].get_xlabel()
    )


def test_shallow_model_shows_every_layer() -> None:
    made = [Maps(layer.name, layer.maps, True) for layer in layers(24, channels=1)]
    assert feature_maps.choose_layers(made) == made
    assert "left out" not in feature_maps.draw([RIGHT, WRONG], made, "run").axes[0].get_xlabel()


def test_draws_maps_that_are_not_finite(cut_texts) -> None:
    made = [Maps("conv", np.full((1, 4, 4, 2), np.nan, np.float32))]
    assert cut_texts(feature_maps.draw([RIGHT], made, "run")) == []


def test_refuses_a_model_without_feature_maps() -> None:
    with pytest.raises(RunError, match="no feature maps: no layer of the model outputs"):
        feature_maps.draw([RIGHT], [], "run")
